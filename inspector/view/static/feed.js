// The WebSocket of the page: sections of each line as they change, and boxes for the map in typed arrays. It is opened again when it ends.

import { ask, loginAddress, me } from "./session.js";

const LOGIN_NEEDED = 4401;
const CONFIRM_EVERY = 3;
const HEAD = 6;
const SILENT_MS = 3000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5000;

export class Feed extends EventTarget {
  // Events: "line" {id, sections: names that changed}, "boxes" {id, boxes}, "link" {up, behind_ms, text}.
  constructor(ids) {
    super();
    this.ids = ids;
    this.lines = new Map(ids.map((id) => [id, {}]));
    this.waitMs = FIRST_WAIT_MS;
    this.taken = 0;
    this.confirmed = 0;
    this.atMs = null;
    this.lastMs = performance.now();
    setInterval(() => this.#look(), 1000);
    this.#open();
  }

  #open() {
    this.taken = 0;
    this.confirmed = 0;
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/live`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => { this.waitMs = FIRST_WAIT_MS; this.lastMs = performance.now(); };
    socket.onmessage = (event) => this.#take(event.data);
    socket.onclose = (event) => this.#closed(event);
    this.socket = socket;
  }

  #take(data) {
    this.taken += 1;
    this.lastMs = performance.now();
    if (typeof data === "string") this.#news(JSON.parse(data));
    else this.#boxes(data);
    if (this.taken - this.confirmed >= CONFIRM_EVERY && this.socket.readyState === WebSocket.OPEN) {
      this.socket.send(String(this.taken));
      this.confirmed = this.taken;
    }
  }

  #news(message) {
    this.atMs = message.at_ms;
    for (const [id, sections] of Object.entries(message.lines)) {
      const line = this.lines.get(id);
      if (line === undefined) { location.reload(); return; }  // the viewer was started again with other lines
      Object.assign(line, sections);
      this.#tell("line", { id, sections: Object.keys(sections) });
    }
    this.#tell("link", { up: true, behind_ms: message.behind_ms, text: "" });
  }

  #boxes(buffer) {
    const [line, generation, first, count, all, leftOut] = new Uint32Array(buffer, 0, HEAD);
    let at = HEAD * 4;
    const floats = () => { const part = new Float32Array(buffer, at, count); at += 4 * count; return part; };
    const bytes = () => { const part = new Uint8Array(buffer, at, count); at += count; return part; };
    const boxes = { x: floats(), y: floats(), length: floats(), width: floats(), kind: bytes(), face: bytes() };
    this.#tell("boxes", { id: this.ids[line], generation, first, all, leftOut, boxes });
  }

  #closed(event) {
    if (event.code === LOGIN_NEEDED) {
      location.href = loginAddress();
      return;
    }
    // A socket that is refused says nothing of why. Where it is the login, this leads there.
    me().then((who) => who.users && ask("/api/lines")).catch(() => { /* the page says that the viewer does not answer */ });
    const why = event.code === 4008 ? `too many pages are open: ${event.reason}` : "the viewer does not answer; it is tried again";
    this.#tell("link", { up: false, behind_ms: 0, text: why });
    setTimeout(() => this.#open(), this.waitMs);
    this.waitMs = Math.min(LONGEST_WAIT_MS, this.waitMs * 2);
  }

  #look() {
    if (this.socket.readyState === WebSocket.OPEN && performance.now() - this.lastMs > SILENT_MS) this.socket.close();
  }

  #tell(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }
}
