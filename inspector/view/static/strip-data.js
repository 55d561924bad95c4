// Defects of a map in typed arrays that grow, with the stretch of each thousand of them, so that those out of view cost nothing.

const CHUNK = 1024;
const FLOATS = ["x", "y", "length", "width"];
const BYTES = ["kind", "face"];

/** All in mm: x along the strip and y across it are the corner that is nearer to the head and to the reference edge. */
export class Defects {
  constructor(most = 1_000_000) {
    this.most = most;
    this.leftOut = 0;
    this.clear();
  }

  clear() {
    this.count = 0;
    this.counts = new Uint32Array(256);
    this.commonest = 0;
    this.#make(CHUNK);
  }

  /** Adds {x, y, length, width, kind, face}; returns how many of the oldest had to go for them. */
  add(more, shown) {
    let first = 0;
    const coming = more.x.length;
    let gone = 0;
    if (coming > this.most) first = coming - this.most;
    const adding = coming - first;
    if (this.count + adding > this.most) gone = this.#forget(this.count + adding - this.most);
    if (this.count + adding > this.capacity) this.#grow(this.count + adding);
    for (const name of FLOATS.concat(BYTES)) {
      this[name].set(more[name].subarray ? more[name].subarray(first) : more[name].slice(first), this.count);
    }
    for (let at = 0; at < adding; at += 1) {
      const index = this.count + at;
      this.shown[index] = shown === null || shown(index) ? 1 : 0;
      this.counts[this.kind[index]] += 1;
    }
    this.counts.forEach((count, kind) => { if (count > this.counts[this.commonest]) this.commonest = kind; });
    const before = this.count;
    this.count += adding;
    this.#span(before);
    this.leftOut += first + gone;
    return gone;
  }

  /** Which are drawn: shown(index) says it of each; null: all. */
  filter(shown) {
    if (shown === null) this.shown.fill(1, 0, this.count);
    else for (let index = 0; index < this.count; index += 1) this.shown[index] = shown(index) ? 1 : 0;
  }

  /** Calls visit(first, end) for runs of indices of which some may lie between two places along the strip. */
  between(from, to, visit) {
    const chunks = Math.ceil(this.count / CHUNK);
    for (let chunk = 0; chunk < chunks; chunk += 1) {
      if (this.chunkFrom[chunk] <= to && this.chunkTo[chunk] >= from) {
        visit(chunk * CHUNK, Math.min(this.count, (chunk + 1) * CHUNK));
      }
    }
  }

  #make(capacity) {
    this.capacity = capacity;
    for (const name of FLOATS) this[name] = new Float32Array(capacity);
    for (const name of BYTES) this[name] = new Uint8Array(capacity);
    this.shown = new Uint8Array(capacity);
    this.chunkFrom = new Float32Array(Math.ceil(capacity / CHUNK));
    this.chunkTo = new Float32Array(Math.ceil(capacity / CHUNK));
  }

  #grow(least) {
    const old = {};
    for (const name of FLOATS.concat(BYTES, ["shown", "chunkFrom", "chunkTo"])) old[name] = this[name];
    this.#make(Math.min(Math.max(least, this.capacity * 2), Math.max(least, this.most)));
    for (const name of Object.keys(old)) this[name].set(old[name].subarray(0, this[name].length));
  }

  /** Forgets at least so many of the oldest, a quarter of all at a time: what is left is moved, which is not to be done for each one. */
  #forget(least) {
    const gone = Math.min(this.count, Math.max(least, Math.floor(this.most / 4)));
    for (const name of FLOATS.concat(BYTES, ["shown"])) this[name].copyWithin(0, gone, this.count);
    this.count -= gone;
    this.#span(0);
    return gone;
  }

  #span(first) {
    for (let chunk = Math.floor(first / CHUNK); chunk * CHUNK < this.count; chunk += 1) {
      let from = Infinity;
      let to = -Infinity;
      const end = Math.min(this.count, (chunk + 1) * CHUNK);
      for (let index = chunk * CHUNK; index < end; index += 1) {
        from = Math.min(from, this.x[index]);
        to = Math.max(to, this.x[index] + this.length[index]);
      }
      this.chunkFrom[chunk] = from;
      this.chunkTo[chunk] = to;
    }
  }
}
