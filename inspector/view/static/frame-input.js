// Mouse and fingers on a frame: drag to move, wheel or two fingers to zoom, tap to choose; while a box is drawn, a drag is the box.

const TAP_PX = 5;
const REACH_PX = { mouse: 4, pen: 8, touch: 14 };

export class FrameInput {
  #pointers = new Map();
  #gesture = null;

  constructor(view) {
    this.view = view;
    view.addEventListener("pointerdown", (event) => this.#down(event));
    view.addEventListener("pointermove", (event) => this.#move(event));
    for (const kind of ["pointerup", "pointercancel"]) view.addEventListener(kind, (event) => this.#up(event));
    view.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    view.addEventListener("dblclick", (event) => { if (!view.drawing) view.zoom(2.5, this.#frame(this.#place(event))); });
  }

  #place(event) {
    const box = this.view.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  #frame([x, y]) {
    const { view } = this.view;
    return [view.x + x / view.scale, view.y + y / view.scale];
  }

  #down(event) {
    if (event.button !== 0) return;
    const at = this.#place(event);
    this.view.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, at);
    if (this.#pointers.size === 2) {
      const [one, other] = this.#pointers.values();
      this.#gesture = { kind: "pinch", apart: Math.max(8, apart(one, other)), around: this.#frame(between(one, other)), scale: this.view.view.scale };
    } else if (this.view.drawing) this.#gesture = { kind: "box", at, moved: false };
    else this.#gesture = { kind: "pan", at, view: { ...this.view.view }, moved: false };
  }

  #move(event) {
    if (!this.#pointers.has(event.pointerId)) return;
    const at = this.#place(event);
    this.#pointers.set(event.pointerId, at);
    const gesture = this.#gesture;
    if (gesture === null) return;
    if (gesture.kind === "pinch") {
      this.#pinch(gesture);
      return;
    }
    gesture.moved ||= apart(at, gesture.at) > TAP_PX;
    if (!gesture.moved) return;
    if (gesture.kind === "pan") {
      const { x, y, scale } = gesture.view;
      if (!this.view.whole) this.view.setView(x - (at[0] - gesture.at[0]) / scale, y - (at[1] - gesture.at[1]) / scale, scale);
    } else {
      const [from, to] = [this.#frame(gesture.at), this.#frame(at)];
      this.view.setBox([Math.min(from[0], to[0]), Math.min(from[1], to[1]), Math.abs(from[0] - to[0]), Math.abs(from[1] - to[1])]);
    }
  }

  #pinch(gesture) {
    if (this.#pointers.size < 2) return;
    const [one, other] = this.#pointers.values();
    const scale = (gesture.scale * apart(one, other)) / gesture.apart;
    const middle = between(one, other);
    this.view.setView(gesture.around[0] - middle[0] / scale, gesture.around[1] - middle[1] / scale, scale);
  }

  #up(event) {
    if (!this.#pointers.delete(event.pointerId)) return;
    const gesture = this.#gesture;
    this.#gesture = null;
    if (event.type !== "pointerup" || gesture === null) return;
    if (gesture.kind === "box" && gesture.moved) this.view.endBox();
    else if (gesture.kind === "pan" && !gesture.moved) {
      const index = this.view.markAt(...this.#frame(gesture.at), (REACH_PX[event.pointerType] ?? 4) / this.view.view.scale);
      this.view.dispatchEvent(new CustomEvent("choose", { detail: { index } }));
    }
  }

  #wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    this.view.zoom(1.0015 ** -Math.max(-500, Math.min(500, event.deltaY * lines)), this.#frame(this.#place(event)));
  }
}

function apart(one, other) {
  return Math.hypot(one[0] - other[0], one[1] - other[1]);
}

function between(one, other) {
  return [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2];
}
