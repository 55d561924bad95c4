// Reviews on their way to the archive, one after the other, while the person looks at the next frame. None is lost without a word.

import { send } from "./session.js";

/** Events: `kept` {work, review, before}, `conflict` {work, there, body}, `failed` {work}, whose `error` says why. */
export class Sender extends EventTarget {
  #chain = Promise.resolve();
  /** How many are on their way. */
  waiting = 0;

  send(work, body) {
    this.waiting += 1;
    work.sending += 1;
    work.error = "";
    this.#chain = this.#chain.then(() => this.#send(work, body));
  }

  async #send(work, body) {
    let told = ["skipped", {}];
    try {
      // What was not kept cannot be taken back.
      if (body.says !== "undone" || work.review !== null) {
        const before = work.review;
        const { review } = await send(work.address, { base: work.base, ...body });
        work.kept(review);
        told = ["kept", { review, before }];
      }
    } catch (error) {
      if (error.status !== 409) work.error = error.message;
      told = error.status === 409 ? ["conflict", { there: error.answer.review, body }] : ["failed", {}];
    }
    this.waiting -= 1;
    work.sending -= 1;
    this.dispatchEvent(new CustomEvent(told[0], { detail: { work, ...told[1] } }));
  }
}
