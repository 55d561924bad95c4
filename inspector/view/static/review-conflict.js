// Somebody else judged a frame meanwhile: nothing is overwritten, and the person is asked.

import { element } from "./dom.js";
import { inWords, when } from "./review-panel.js";

const at = (id) => document.getElementById(id);

export class Conflicts {
  #waiting = [];

  /** `look(work)`: show it again; `keep(work)`: leave what is there. */
  constructor(look, keep) {
    at("keep").addEventListener("click", () => this.#end(keep));
    at("look").addEventListener("click", () => this.#end(look));
    at("conflict").addEventListener("cancel", (event) => event.preventDefault());
    at("conflict").addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() === "k") this.#end(keep);
      else if (event.key.toLowerCase() === "l") this.#end(look);
      // A judgement that was meant for the next frame presses no button here.
      else if (event.key !== "Tab" && event.key !== "Enter") event.preventDefault();
    });
  }

  /** `body`: what the person said. */
  add(work, there, body) {
    this.#waiting.push({ work, there, body });
    if (!at("conflict").open) this.#show();
  }

  #show() {
    const { work, there, body } = this.#waiting[0];
    const { camera, frame } = work.item;
    const who = there?.author ?? "Somebody";
    at("conflict-title").textContent = there?.says === "undone" ? `${who} took the review of this frame back meanwhile` : `${who} judged this frame meanwhile`;
    at("conflict-text").textContent = `${camera}, frame ${frame}: ${there === null ? "its reviews are others now" : `${inWords(there)}, ${when(there)}`}. What you said was not kept: ${inWords(body)}.`;
    at("keep").replaceChildren("Leave it so ", element("kbd", "", "K"));
    at("conflict").showModal();
    at("conflict").focus();
  }

  #end(act) {
    const { work } = this.#waiting.shift();
    at("conflict").close();
    act(work);
    if (this.#waiting.length > 0) this.#show();
  }
}
