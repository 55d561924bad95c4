// A frame to be reviewed: what is known of it, its pictures, and what the person who looks has said so far.

import { bytesOf, loaded, outlines, pictureAddress, stretched } from "./frame-picture.js";
import { Draft } from "./review-draft.js";
import { ask } from "./session.js";
import { classColour, themeOf } from "./strip-theme.js";

export class Work {
  #ready = null;

  /** `line`: the address of the line. */
  constructor(line, item) {
    this.line = line;
    this.item = item;
    this.id = item.id;
    this.history = item.history ?? null;
    /** The review that holds, or null. */
    this.review = item.review;
    this.draft = new Draft(item, item.review);
    /** Reviews of it that are on their way. */
    this.sending = 0;
    /** Why the last one was not kept, or "". */
    this.error = "";
    this.images = null;
    this.keptAt = 0;
  }

  get address() {
    return `${this.line}/review/${this.id}`;
  }

  get pixels() {
    const [height, width] = this.item.shown.picture_px;
    return height * width;
  }

  /** The revision that the person has seen. */
  get base() {
    return this.history?.at(-1)?.revision ?? 0;
  }

  get waits() {
    return this.review === null && this.sending === 0;
  }

  colourOf(name) {
    const kind = this.item.classes.indexOf(name);
    return kind < 0 ? "#ffffff" : classColour(themeOf("dark"), kind);
  }

  /** Its history and its pictures; asked for once, and again where that failed. */
  ready() {
    this.#ready ??= this.#load().catch((error) => { this.#ready = null; throw error; });
    return this.#ready;
  }

  /** Forget the pictures. */
  release() {
    this.images = null;
    this.#ready = null;
  }

  /** It was kept. */
  kept(review) {
    this.keptAt = performance.now();
    this.history = [...(this.history ?? []), review];
    this.review = review.says === "undone" ? null : review;
    this.error = "";
  }

  /** It is in the queue of those that are not reviewed, which was asked for at this time: somebody may have taken its review back. */
  found(item, askedAt) {
    if (this.review === null || this.sending > 0 || askedAt < this.keptAt) return;
    this.review = item.review;
    this.history = null;
    this.release();
  }

  /** What is there now, which somebody else wrote. */
  async reread() {
    const item = await ask(this.address);
    this.history = item.history;
    this.review = item.review;
  }

  async #load() {
    if (this.history === null) await this.reread();
    const { shown } = this.item;
    const [height, width] = shown.picture_px;
    const files = [shown.picture, shown.mask].map((name) => (name === null ? null : loaded(pictureAddress(this.line, name))));
    const [picture, mask] = await Promise.all(files);
    const paths = mask === null ? [] : outlines(bytesOf(mask, width, height), width, height, shown.bits.length);
    this.images = { picture, contrast: stretched(picture, width, height), paths, colours: shown.bits.map((name) => this.colourOf(name)), px: [width, height] };
  }
}
