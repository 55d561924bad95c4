// Mouse, touch and keys of a map: drag to move, wheel or two fingers to zoom, tap to pick, drag a line of the cursor to change its period.

const TAP_PX = 6;
const REACH_PX = { mouse: 6, pen: 9, touch: 16 };

export class StripInput {
  #pointers = new Map();
  #gesture = null;

  constructor(map) {
    this.map = map;
    map.addEventListener("pointerdown", (event) => this.#down(event));
    map.addEventListener("pointermove", (event) => this.#move(event));
    for (const kind of ["pointerup", "pointercancel"]) map.addEventListener(kind, (event) => this.#up(event));
    map.addEventListener("pointerleave", () => { map.pointer = null; map.redraw(); });
    map.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    map.addEventListener("keydown", (event) => this.#key(event));
    map.addEventListener("dblclick", (event) => { const at = this.#place(event); this.#zoom(0.4, this.#along(at.x)); });
  }

  #place(event) {
    const box = this.map.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  get #mmPerPx() {
    const { view, layout } = this.map;
    return ((view.to - view.from) * layout.ratio) / layout.plot.width;
  }

  #along(x) {
    const { view, layout } = this.map;
    return view.from + (x - layout.left / layout.ratio) * this.#mmPerPx;
  }

  #zoom(factor, around) {
    const { from, to } = this.map.view;
    this.map.follow = 0;
    this.map.setView(around - (around - from) * factor, around + (to - around) * factor);
  }

  #down(event) {
    if (event.button !== 0 || !this.map.layout) return;
    const at = this.#place(event);
    this.map.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, at);
    if (this.#pointers.size === 2) {
      const [one, other] = this.#pointers.values();
      this.#gesture = { kind: "pinch", apart: Math.max(8, Math.abs(one.x - other.x)), view: { ...this.map.view }, around: this.#along((one.x + other.x) / 2) };
    } else if (at.y * this.map.layout.ratio >= this.map.layout.minimap.top - 2) {
      this.#gesture = { kind: "minimap" };
      this.#jump(at.x);
    } else {
      const turn = this.#lineAt(at.x, event.pointerType);
      this.#gesture = turn === null ? { kind: "pan", at, view: { ...this.map.view }, moved: false } : { kind: "line", turn };
    }
  }

  #move(event) {
    const at = this.#place(event);
    const held = this.#pointers.has(event.pointerId);
    if (held) this.#pointers.set(event.pointerId, at);
    const gesture = this.#gesture;
    if (!held || gesture === null) {
      this.map.pointer = event.pointerType === "touch" ? null : at;
      this.map.canvas.style.cursor = this.map.layout && this.#lineAt(at.x, event.pointerType) !== null ? "ew-resize" : "crosshair";
      this.map.redraw();
    } else if (gesture.kind === "pinch") this.#pinch(gesture);
    else if (gesture.kind === "minimap") this.#jump(at.x);
    else if (gesture.kind === "line") this.#dragLine(gesture.turn, this.#along(at.x));
    else if (gesture.moved || Math.hypot(at.x - gesture.at.x, at.y - gesture.at.y) > TAP_PX) {
      gesture.moved = true;
      this.map.follow = 0;
      const by = (at.x - gesture.at.x) * this.#mmPerPx;
      this.map.setView(gesture.view.from - by, gesture.view.to - by);
    }
  }

  #up(event) {
    if (!this.#pointers.delete(event.pointerId)) return;
    const gesture = this.#gesture;
    this.#gesture = null;
    if (event.type === "pointerup" && gesture?.kind === "pan" && !gesture.moved) {
      this.#pick(this.map.hit(gesture.at.x, gesture.at.y, REACH_PX[event.pointerType] ?? 6));
    }
  }

  #pick(index) {
    this.map.choose(index);
    this.map.dispatchEvent(new CustomEvent("pick", { detail: { index } }));
  }

  #pinch(gesture) {
    if (this.#pointers.size < 2) return;
    const [one, other] = this.#pointers.values();
    const factor = gesture.apart / Math.max(8, Math.abs(one.x - other.x));
    const span = (gesture.view.to - gesture.view.from) * factor;
    const middle = (one.x + other.x) / 2 - this.map.layout.left / this.map.layout.ratio;
    const share = (middle * this.map.layout.ratio) / this.map.layout.plot.width;
    this.map.follow = 0;
    this.map.setView(gesture.around - span * share, gesture.around + span * (1 - share));
  }

  #jump(x) {
    const { layout, coil, view } = this.map;
    const middle = coil.from_mm + ((x * layout.ratio - layout.left) / layout.minimap.width) * (coil.to_mm - coil.from_mm);
    const half = (view.to - view.from) / 2;
    this.map.follow = 0;
    this.map.setView(middle - half, middle + half);
  }

  /** Which line of the cursor is there: 0 is its origin; null: none. */
  #lineAt(x, kind) {
    const cursor = this.map.cursor;
    if (cursor === null || !this.map.drawn) return null;
    const along = this.#along(x);
    const turn = Math.round((along - cursor.origin_mm) / cursor.period_mm);
    const off = Math.abs(along - cursor.origin_mm - turn * cursor.period_mm) / this.#mmPerPx;
    if (cursor.period_mm / this.#mmPerPx < 5 && turn !== 0 && turn !== 1) return null; // those lines are not drawn
    return off <= (kind === "touch" ? 12 : 4) ? turn : null;
  }

  #dragLine(turn, along) {
    const cursor = this.map.cursor;
    if (cursor === null) return;
    const changed = turn === 0
      ? { ...cursor, origin_mm: along }
      : { ...cursor, period_mm: Math.min(100_000, Math.max(20, (along - cursor.origin_mm) / turn)) };
    this.map.setCursor(changed);
    this.map.dispatchEvent(new CustomEvent("period", { detail: changed }));
  }

  #wheel(event) {
    if (!this.map.layout) return;
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const by = (event.deltaX || event.deltaY) * lines * this.#mmPerPx;
      this.map.follow = 0;
      this.map.setView(this.map.view.from + by, this.map.view.to + by);
    } else this.#zoom(1.0015 ** Math.max(-500, Math.min(500, event.deltaY * lines)), this.#along(this.#place(event).x));
  }

  #key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const map = this.map;
    const span = map.view.to - map.view.from;
    const pan = (share) => { map.follow = 0; map.setView(map.view.from + span * share, map.view.to + span * share); };
    const around = map.chosen >= 0 ? map.defects.x[map.chosen] : (map.view.from + map.view.to) / 2;
    const keys = {
      ArrowLeft: () => pan(-0.15), ArrowRight: () => pan(0.15), PageUp: () => pan(-0.9), PageDown: () => pan(0.9),
      Home: () => pan(-1e9), End: () => pan(1e9), "0": () => map.showAll(), Escape: () => this.#pick(-1),
      "+": () => this.#zoom(0.6, around), "=": () => this.#zoom(0.6, around), "-": () => this.#zoom(1 / 0.6, around),
      n: () => this.#next(1), p: () => this.#next(-1),
    };
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (act === undefined || !map.layout) return;
    event.preventDefault();
    act();
  }

  /** The next defect that is shown, in the order of the arrays, which is that along the strip. */
  #next(by) {
    const { defects } = this.map;
    let index = this.map.chosen;
    if (index < 0) {
      const from = this.map.view.from;
      index = 0;
      while (index < defects.count && defects.x[index] < from) index += 1;
      index -= by > 0 ? 1 : 0;
    }
    do index += by; while (index >= 0 && index < defects.count && !defects.shown[index]);
    if (index < 0 || index >= defects.count) return;
    this.map.reveal(defects.x[index]);
    this.#pick(index);
  }
}
