// <frame-view>: the picture of one frame, large: outlines of the mask, boxes of defects, boxes that a person draws.
// With the attribute `still` it takes no input. Places are in pixels of the frame. Events: `choose` {index}, a mark was clicked (-1: none); `drawn` {box_px}.

import { FrameInput } from "./frame-input.js";
import { paintBox, paintDrawing } from "./frame-paint.js";

/** Screen pixels of a pixel of the frame, at most. */
const MOST_PX = 24;
/** The same of what is looked at closely, least and most, and how much more than its box is seen where it fits. */
const CLOSE_PX = [1.5, 5];
const AROUND = 1.8;

class FrameView extends HTMLElement {
  connectedCallback() {
    if (this.canvas) return;
    this.canvas = document.createElement("canvas");
    this.append(this.canvas);
    if (!this.hasAttribute("still")) this.tabIndex = 0;
    this.setAttribute("role", "img");
    this.size = [1, 1];
    this.view = { x: 0, y: 0, scale: 1 };
    this.marks = [];
    this.chosen = -1;
    this.outlinesShown = true;
    this.contrast = true;
    /** The box that is being drawn, or null: [x, y, width, height] and whether it awaits a pointer. */
    this.drawing = null;
    if (!this.hasAttribute("still")) new FrameInput(this);
    new ResizeObserver(() => { if (this.whole) this.showAll(); else this.redraw(); }).observe(this);
    this.showAll();
  }

  /** Another frame: [width, height], and the part of it that the picture shows, [x, y, width, height]. `images` null: they are still to come. */
  setFrame(size, part, images) {
    this.size = size;
    // As the whole frame has it, also where a part is shown: buttons below stay where they are.
    if (!this.hasAttribute("still")) this.style.aspectRatio = `${size[0]} / ${size[1]}`;
    this.shownPart = part;
    this.images = images;
    this.drawing = null;
    this.showAll();
  }

  setImages(images) {
    this.images = images;
    this.redraw();
  }

  /** Marks: {box_px, label, colour, dashed, off}. */
  setMarks(marks, chosen) {
    this.marks = marks;
    this.chosen = chosen;
    this.redraw();
  }

  /** Moves the picture so that a box can be seen. */
  reveal([x, y, width, height]) {
    const { clientWidth, clientHeight, view } = this;
    const inside = x >= view.x && y >= view.y && x + width <= view.x + clientWidth / view.scale && y + height <= view.y + clientHeight / view.scale;
    if (!inside) this.setView(x + width / 2 - clientWidth / view.scale / 2, y + height / 2 - clientHeight / view.scale / 2, view.scale);
  }

  /** A box large, with something of what is around it. */
  closeTo([x, y, width, height]) {
    const { clientWidth, clientHeight } = this;
    const scale = Math.max(CLOSE_PX[0], Math.min(clientWidth / width / AROUND, clientHeight / height / AROUND, CLOSE_PX[1]));
    this.setView(x + width / 2 - clientWidth / scale / 2, y + height / 2 - clientHeight / scale / 2, scale);
  }

  /** All of the picture. */
  showAll() {
    const [x, y, width, height] = this.shownPart ?? [0, 0, ...this.size];
    const scale = Math.max(1e-6, Math.min(this.clientWidth / width, this.clientHeight / height));
    this.whole = true;
    this.view = { x: x + width / 2 - this.clientWidth / scale / 2, y: y + height / 2 - this.clientHeight / scale / 2, scale };
    this.redraw();
  }

  /** Closer by this factor, around a place of the frame; without one around the chosen mark, or the middle. */
  zoom(factor, around = null) {
    const { view } = this;
    const box = this.drawing?.box ?? this.marks[this.chosen]?.box_px;
    const [x, y] = around ?? (box ? [box[0] + box[2] / 2, box[1] + box[3] / 2] : [view.x + this.clientWidth / view.scale / 2, view.y + this.clientHeight / view.scale / 2]);
    const scale = view.scale * factor;
    if (around !== null) this.setView(x - (x - view.x) / factor, y - (y - view.y) / factor, scale);
    else this.setView(x - this.clientWidth / scale / 2, y - this.clientHeight / scale / 2, scale);
  }

  /** The place at the upper left corner, and screen pixels for a pixel of the frame. */
  setView(x, y, scale) {
    const [left, top, width, height] = this.shownPart ?? [0, 0, ...this.size];
    const least = Math.min(this.clientWidth / width, this.clientHeight / height);
    if (scale <= least * 1.001) { this.showAll(); return; }
    const held = Math.min(scale, MOST_PX);
    const bound = (at, from, length, seen) => (seen >= length ? from + length / 2 - seen / 2 : Math.min(Math.max(at, from), from + length - seen));
    this.whole = false;
    this.view = { x: bound(x, left, width, this.clientWidth / held), y: bound(y, top, height, this.clientHeight / held), scale: held };
    this.redraw();
  }

  /** Begin a box in the middle of what is seen; a drag draws it elsewhere, arrow keys move it. */
  beginBox() {
    const { view } = this;
    const [left, top, width, height] = this.shownPart ?? [0, 0, ...this.size];
    const [seenX, seenY] = [this.clientWidth / view.scale, this.clientHeight / view.scale];
    const size = [Math.min(width, seenX) / 8, Math.min(height, seenY) / 4];
    this.drawing = { box: this.#bounded([view.x + seenX / 2 - size[0] / 2, view.y + seenY / 2 - size[1] / 2, ...size], [left, top, width, height]) };
    this.redraw();
  }

  /** The box that is being drawn, elsewhere; kept within the picture. */
  setBox(box) {
    this.drawing = { box: this.#bounded(box, this.shownPart ?? [0, 0, ...this.size]) };
    this.redraw();
  }

  /** The box is as it shall be; `null` where none was being drawn. */
  endBox() {
    const box = this.drawing?.box ?? null;
    this.drawing = null;
    this.redraw();
    if (box !== null) this.dispatchEvent(new CustomEvent("drawn", { detail: { box_px: box } }));
  }

  dropBox() {
    this.drawing = null;
    this.redraw();
  }

  #bounded([x, y, width, height], [left, top, most, high]) {
    const [w, h] = [Math.max(1, Math.min(Math.round(width), most)), Math.max(1, Math.min(Math.round(height), high))];
    return [Math.min(Math.max(Math.round(x), left), left + most - w), Math.min(Math.max(Math.round(y), top), top + high - h), w, h];
  }

  /** Of the mark at a place of the window, the smallest; -1: none. */
  markAt(x, y, reach) {
    let found = -1;
    let area = Infinity;
    this.marks.forEach(({ box_px: [left, top, width, height] }, index) => {
      const within = x >= left - reach && y >= top - reach && x <= left + width + reach && y <= top + height + reach;
      if (within && width * height < area) { found = index; area = width * height; }
    });
    return found;
  }

  redraw() {
    this.waiting ??= requestAnimationFrame(() => { this.waiting = undefined; this.#draw(); });
  }

  #draw() {
    const ratio = devicePixelRatio || 1;
    const [width, height] = [this.clientWidth * ratio, this.clientHeight * ratio].map((one) => Math.max(1, Math.round(one)));
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    const context = this.canvas.getContext("2d");
    const { x, y, scale } = this.view;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "#000000";
    context.fillRect(0, 0, width, height);
    context.setTransform(scale * ratio, 0, 0, scale * ratio, -x * scale * ratio, -y * scale * ratio);
    if (this.images) this.#paintImages(context);
    if (this.outlinesShown) this.marks.forEach((mark, index) => paintBox(context, mark, index === this.chosen, scale));
    if (this.drawing) paintDrawing(context, this.drawing.box, scale);
    /** Whose picture the canvas shows. */
    this.painted = this.images ?? null;
  }

  #paintImages(context) {
    const { picture, contrast, paths, colours, px } = this.images;
    const [x, y, width, height] = this.shownPart ?? [0, 0, ...this.size];
    context.imageSmoothingEnabled = this.view.scale < 3;
    context.drawImage(this.contrast ? contrast : picture, x, y, width, height);
    if (!this.outlinesShown) return;
    context.save();
    context.translate(x, y);
    context.scale(width / px[0], height / px[1]);
    context.lineWidth = 1.5 / this.view.scale;
    paths.forEach((path, bit) => { context.strokeStyle = colours[bit]; context.stroke(path); });
    context.restore();
    for (const mark of this.marks) if (paths[mark.recoloured]) this.#recolour(context, mark, paths[mark.recoloured], [x, y, width / px[0], height / px[1]]);
  }

  /** The outline of a mark that was given another class, over the one in the colour of its own. */
  #recolour(context, { box_px: [left, top, width, height], colour }, path, [x, y, alongPx, acrossPx]) {
    context.save();
    context.beginPath();
    context.rect(left - 1, top - 1, width + 2, height + 2);
    context.clip();
    context.translate(x, y);
    context.scale(alongPx, acrossPx);
    context.lineWidth = 2.5 / this.view.scale;
    context.strokeStyle = colour;
    context.stroke(path);
    context.restore();
  }
}
customElements.define("frame-view", FrameView);
