// The frames of one kind that wait for a review, a few of them ready to be shown, and the trail of those that were looked at.

import { ask } from "./session.js";
import { Work } from "./review-work.js";

export const KINDS = ["uncertain", "disagreement", "clean", "reject", "scrap"];
const PAGE = 20;
const AHEAD = 5;
/** Frames whose pictures are fetched beforehand, and kept on either side of the one that is shown; of large pictures one. */
const READY = 3;
const NEAR = 4;
const LARGE_PX = 2e6;

export class Queue {
  #known = new Map();
  #coming = [];
  #given = new Set();
  #cursor = null;
  #ended = false;
  #filling = null;

  constructor(line) {
    this.line = line;
    this.kind = KINDS[0];
    this.counts = {};
    this.reviewed = 0;
    this.trail = [];
    /** Place in the trail; its length: at the end, where nothing is. */
    this.at = -1;
  }

  get current() {
    return this.trail[this.at] ?? null;
  }

  /** Another kind, from its newest frame on. */
  open(kind) {
    this.kind = kind;
    this.#given = new Set(this.current === null ? [] : [this.current.id]);
    this.#restart();
  }

  #restart() {
    this.#coming = [];
    this.#cursor = null;
    this.#ended = false;
    this.#filling = null;
  }

  /** Asks for more until some are ready, or there are none. Throws an Error with a line for a person. */
  async fill() {
    this.#filling ??= this.#more().finally(() => { this.#filling = null; });
    await this.#filling;
    for (const work of this.#soon) work.ready().catch(() => { /* said when it is shown */ });
  }

  get #soon() {
    return this.#coming.slice(0, this.#coming[0]?.pixels > LARGE_PX ? 1 : READY);
  }

  async #more() {
    const { kind } = this;
    while (this.#coming.length < AHEAD && !this.#ended && kind === this.kind) {
      const entries = await this.#page(this.#cursor);
      if (kind !== this.kind) return;
      this.#add(entries);
      this.#ended = entries.length < PAGE;
      this.#cursor = entries.at(-1)?.id ?? this.#cursor;
    }
  }

  /** Counts anew, and what came since; frames that come while others wait are for later. Throws an Error with a line. */
  async look() {
    const { kind } = this;
    const entries = await this.#page(null);
    if (kind !== this.kind || !this.#ended || this.#coming.length > 0) return;
    if (entries.length === PAGE && !this.#given.has(entries.at(-1).id)) [this.#ended, this.#cursor] = [false, entries.at(-1).id];
    this.#add(entries);
  }

  async #page(after) {
    const askedAt = performance.now();
    const told = await ask(`${this.line}/review?kind=${this.kind}&limit=${PAGE}${after === null ? "" : `&after=${after}`}`);
    this.counts = told.counts;
    this.reviewed = told.reviewed;
    for (const item of told.entries) this.#known.get(item.id)?.found(item, askedAt);
    return told.entries;
  }

  #add(entries) {
    for (const item of entries) {
      const work = this.work(item);
      if (this.#given.has(item.id) || !work.waits) continue;
      this.#given.add(item.id);
      this.#coming.push(work);
    }
  }

  /** The one of an item; always the same, so that what was said of it is not lost. */
  work(item) {
    if (!this.#known.has(item.id)) this.#known.set(item.id, new Work(this.line, item));
    return this.#known.get(item.id);
  }

  /** The next one of the trail, or of the queue; `waiting`: the next that is not reviewed. Null: there is none, or it is still to come. */
  next(waiting = false) {
    let at = this.at + 1;
    while (waiting && at < this.trail.length && !this.trail[at].waits) at += 1;
    if (at >= this.trail.length) {
      const work = this.#coming.shift();
      if (work !== undefined) this.trail.push(work);
      at = this.trail.length - (work === undefined ? 0 : 1);
    }
    this.at = at;
    this.#release();
    return this.current;
  }

  previous() {
    if (this.at > 0) this.at -= 1;
    this.#release();
    return this.current;
  }

  /** Show this one now; what was shown comes after it. */
  insert(work) {
    if (this.current === work) return;
    this.at = Math.max(0, this.at);
    const before = this.trail.indexOf(work);
    if (before >= 0) this.trail.splice(before, 1);
    if (before >= 0 && before < this.at) this.at -= 1;
    this.trail.splice(this.at, 0, work);
    this.#release();
  }

  /** From the newest on again, those that were passed over too. */
  again() {
    this.#given = new Set();
    this.#restart();
  }

  /** Changes the counts until the archive tells them anew. */
  count(work, by) {
    const kind = work.item.evidence;
    this.counts = { ...this.counts, [kind]: Math.max(0, (this.counts[kind] ?? 0) - by) };
    this.reviewed = Math.max(0, this.reviewed + by);
  }

  /** How many of this kind wait, those that were passed over too. */
  get left() {
    return this.counts[this.kind] ?? 0;
  }

  get exhausted() {
    return this.#ended && this.#coming.length === 0;
  }

  #release() {
    const many = this.current?.pixels > LARGE_PX ? 1 : NEAR;
    const near = new Set([...this.trail.slice(Math.max(0, this.at - many), this.at + many + 1), ...this.#soon]);
    for (const work of this.#known.values()) if (work.images !== null && !near.has(work)) work.release();
  }
}
