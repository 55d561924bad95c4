// <strip-map>: the strip as it lies, x along it in m, y across it in mm, both faces in one coordinate system. One canvas, drawn from typed arrays.
//
//   map.setCoil({from_mm, to_mm, x_from_mm, x_to_mm, faces: ["top", "bottom"], width_mm})   width_mm: of the strip, where it is known
//   map.setDefects({x, y, length, width, kind, face}, classes)   typed arrays, mm; x, y: the corner nearest to the head and the reference edge;
//                                                                kind: index in classes; face: 0 top, 1 bottom
//   map.addDefects(...)     likewise, more of them      map.setFilter(index => boolean, or null)
//   map.setUnknown(list, or typed arrays)   [{from_mm, to_mm, x_from_mm, x_to_mm, face}] of what nobody inspected: hatched, never clean
//   map.setMarks([{from_mm, to_mm, x_from_mm, x_to_mm, face, period_mm, phase_mm}])   map.chooseMark(index, or -1)
//   map.setCursor({period_mm, origin_mm}, or null)     lines once a period, which can be dragged
//   map.choose(index, or -1)   map.setView(from_mm, to_mm)   map.showAll()   map.follow = mm of the end that stays in view, or 0
// Events: "pick" {index}, "view" {from_mm, to_mm}, "period" {period_mm, origin_mm}, "palette" (its colours changed).
// Attribute theme="dark" or "light"; else what the machine prefers.

import { Defects } from "./strip-data.js";
import { drawAxes, drawChosen, drawCursor, drawMarks } from "./strip-lines.js";
import { StripInput } from "./strip-input.js";
import { paintDefects, paintUnknown } from "./strip-paint.js";
import { classColour, pixel, themeOf } from "./strip-theme.js";

export const FACES = ["top", "bottom"];
const NOTHING = { x: [], y: [], length: [], width: [], face: [] };
const LEAST_VIEW_MM = 50;
const MINIMAP = { height: 30, above: 8 };
const MARGIN = { left: 66, right: 10, top: 20, between: 20, axis: 24 };

const STYLE = new CSSStyleSheet();
STYLE.replaceSync(`
  :host { display: block; position: relative; height: 340px; min-height: 160px; touch-action: pan-y; user-select: none; outline-offset: 2px; }
  canvas { position: absolute; inset: 0; width: 100%; height: 100%; display: block; cursor: crosshair; }
`);

export class StripMap extends HTMLElement {
  static observedAttributes = ["theme"];
  #coil = { from_mm: 0, to_mm: 1000, x_from_mm: 0, x_to_mm: 1000, faces: ["top"], width_mm: null };
  #unknown = NOTHING;
  #filter = null;
  #image = null;
  #overview = null;
  #overviewAt = 0;
  #asked = false;

  constructor() {
    super();
    this.defects = new Defects();
    this.classes = [];
    this.marks = [];
    this.mark = -1;
    this.chosen = -1;
    this.cursor = null;
    this.view = { from: 0, to: 1000 };
    this.follow = 0;
    this.pointer = null;
    this.drawMs = 0;
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [STYLE];
    this.canvas = root.appendChild(document.createElement("canvas"));
    this.theme = themeOf(null);
    this.input = new StripInput(this);
  }

  connectedCallback() {
    if (!this.hasAttribute("tabindex")) this.tabIndex = 0;
    if (!this.hasAttribute("role")) this.setAttribute("role", "application");
    if (!this.hasAttribute("aria-label")) this.setAttribute("aria-label", "Map of the strip. Arrow keys move, plus and minus zoom, N and P go from defect to defect.");
    this.sizes = new ResizeObserver(() => this.#resized());
    this.sizes.observe(this);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.schemeChanged = () => this.attributeChangedCallback();
    this.scheme.addEventListener("change", this.schemeChanged);
  }

  disconnectedCallback() {
    this.sizes.disconnect();
    this.scheme.removeEventListener("change", this.schemeChanged);
  }

  attributeChangedCallback() {
    this.theme = themeOf(this.getAttribute("theme"));
    this.#overview = null;
    this.redraw();
    this.dispatchEvent(new CustomEvent("palette"));
  }

  get coil() { return this.#coil; }

  setCoil(coil) {
    const old = this.#coil;
    const all = this.view.from <= old.from_mm && this.view.to >= old.to_mm;
    this.#coil = { width_mm: null, ...coil, to_mm: Math.max(coil.to_mm, coil.from_mm + 1), x_to_mm: Math.max(coil.x_to_mm, coil.x_from_mm + 1) };
    this.#overview = null;
    if (this.#coil.faces.join() !== old.faces.join()) this.layout = null;
    if (this.follow > 0) this.setView(this.#coil.to_mm - this.follow, this.#coil.to_mm);
    else if (all) this.showAll();
    this.redraw();
  }

  setDefects(defects, classes) {
    this.classes = classes;
    this.chosen = -1;
    this.defects.clear();
    this.defects.leftOut = 0;
    this.addDefects(defects);
    this.#overview = null;
  }

  addDefects(defects, classes = this.classes) {
    this.classes = classes;
    const gone = this.defects.add(defects, this.#filter);
    if (this.chosen >= 0) this.chosen = Math.max(-1, this.chosen - gone);
    if (performance.now() - this.#overviewAt > 500) this.#overview = null;
    this.redraw();
  }

  setFilter(filter) {
    this.#filter = filter;
    this.defects.filter(filter);
    this.#overview = null;
    this.redraw();
  }

  setUnknown(unknown) {
    this.#unknown = Array.isArray(unknown) ? {
      x: unknown.map((one) => one.from_mm), length: unknown.map((one) => one.to_mm - one.from_mm),
      y: unknown.map((one) => one.x_from_mm), width: unknown.map((one) => one.x_to_mm - one.x_from_mm),
      face: unknown.map((one) => Math.max(0, FACES.indexOf(one.face))),
    } : unknown;
    this.#overview = null;
    this.redraw();
  }

  setMarks(marks) { this.marks = marks; this.mark = -1; this.redraw(); }
  chooseMark(index) { this.mark = index; this.redraw(); }
  setCursor(cursor) { this.cursor = cursor; this.redraw(); }
  choose(index) { this.chosen = index; this.redraw(); }
  colourOf(kind) { return classColour(this.theme, kind); }
  showAll() { this.setView(this.#coil.from_mm, this.#coil.to_mm); }

  /** Shows a stretch of the strip, as far as there is strip. */
  setView(from, to) {
    const { from_mm: first, to_mm: last } = this.#coil;
    const span = Math.min(Math.max(to - from, LEAST_VIEW_MM), last - first);
    const begin = Math.min(Math.max(from, first), last - span);
    if (this.view.from === begin && this.view.to === begin + span) return;
    this.view = { from: begin, to: begin + span };
    this.redraw();
    this.dispatchEvent(new CustomEvent("view", { detail: { from_mm: begin, to_mm: begin + span } }));
  }

  /** Brings a place into the middle where it is out of view. */
  reveal(along) {
    const span = this.view.to - this.view.from;
    if (along < this.view.from + span * 0.05 || along > this.view.to - span * 0.05) this.setView(along - span / 2, along + span / 2);
  }

  redraw() {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => { this.#asked = false; this.draw(); });
  }

  /** Draws now; returns the time that the script took, ms. */
  draw() {
    const began = performance.now();
    if (!this.layout) this.#resized();
    const layout = this.layout;
    if (!layout || layout.plot.width < 20 || layout.plot.height < 8) return 0;
    const context = this.canvas.getContext("2d", { alpha: false });
    const plot = { ...layout.plot, from: this.view.from, to: this.view.to, acrossFrom: this.#coil.x_from_mm, acrossTo: this.#coil.x_to_mm };
    context.fillStyle = this.theme.page;
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    if (this.#image === null) this.#image = context.createImageData(plot.width, plot.height);
    this.#paint(this.#image, plot, Math.round(3 * layout.ratio));
    context.putImageData(this.#image, layout.left, layout.top);
    this.drawn = plot;
    drawAxes(context, this, layout, plot);
    drawMarks(context, this, layout, plot);
    drawCursor(context, this, layout, plot);
    drawChosen(context, this, layout, plot);
    this.#drawMinimap(context, layout);
    this.drawMs = performance.now() - began;
    return this.drawMs;
  }

  #paint(image, plot, leastPx) {
    const theme = this.theme;
    const pixels = new Uint32Array(image.data.buffer);
    pixels.fill(pixel(theme.page));
    for (const lane of Object.values(plot.lanes)) pixels.fill(pixel(theme.steel), lane.top * plot.width, (lane.top + lane.height) * plot.width);
    paintUnknown(pixels, plot, this.#unknown, pixel(theme.hatch), pixel(theme.hatchGround), Math.round(2 * this.layout.ratio));
    paintDefects(pixels, plot, this.defects, theme.classes.map(pixel), leastPx);
  }

  #drawMinimap(context, layout) {
    const { minimap } = layout;
    const coil = this.#coil;
    if (this.#overview === null) {
      this.#overview = context.createImageData(minimap.width, minimap.height);
      this.#overviewAt = performance.now();
      const lanes = {};
      const each = Math.floor(minimap.height / coil.faces.length);
      coil.faces.forEach((face, at) => { lanes[FACES.indexOf(face)] = { top: at * each, height: each - (at + 1 < coil.faces.length ? 1 : 0) }; });
      const plot = { width: minimap.width, height: minimap.height, lanes, from: coil.from_mm, to: coil.to_mm, acrossFrom: coil.x_from_mm, acrossTo: coil.x_to_mm };
      this.#paint(this.#overview, plot, Math.round(2 * layout.ratio));
    }
    context.putImageData(this.#overview, layout.left, minimap.top);
    const scale = minimap.width / (coil.to_mm - coil.from_mm);
    const a = layout.left + (this.view.from - coil.from_mm) * scale;
    const b = Math.max(a + 4 * layout.ratio, layout.left + (this.view.to - coil.from_mm) * scale);
    context.strokeStyle = this.theme.ink;
    context.lineWidth = 2 * layout.ratio;
    context.strokeRect(a, minimap.top - layout.ratio, b - a, minimap.height + 2 * layout.ratio);
  }

  /** The defect nearest to a place of the canvas (CSS pixels from its corner), at most `reach` of them away; -1: none. */
  hit(x, y, reach) {
    const { layout, drawn } = this;
    if (!layout || !drawn) return -1;
    const along = (drawn.to - drawn.from) / drawn.width;
    const left = x * layout.ratio - layout.left;
    const top = y * layout.ratio - layout.top;
    const most = reach * layout.ratio;
    let best = most;
    let found = -1;
    this.defects.between(drawn.from + (left - most) * along, drawn.from + (left + most) * along, (first, end) => {
      for (let index = first; index < end; index += 1) {
        if (!this.defects.shown[index]) continue;
        const box = this.boxOf(index, drawn);
        if (box === null) continue;
        const aside = Math.max(box.left - left, left - box.right, 0);
        const above = Math.max(box.top - top, top - box.bottom, 0);
        // Of two that are hit, the smaller one: it is drawn over the larger one.
        const far = Math.hypot(aside, above) + Math.min(1, Math.sqrt((box.right - box.left) * (box.bottom - box.top)) / 1e4);
        if (far < best) { best = far; found = index; }
      }
    });
    return found;
  }

  /** Where a defect is in the plot, device pixels; null: not on a face that is shown. */
  boxOf(index, plot) {
    const lane = plot.lanes[this.defects.face[index]];
    if (lane === undefined) return null;
    const alongPx = plot.width / (plot.to - plot.from);
    const acrossPx = lane.height / (plot.acrossTo - plot.acrossFrom);
    const left = (this.defects.x[index] - plot.from) * alongPx;
    const top = lane.top + (this.defects.y[index] - plot.acrossFrom) * acrossPx;
    return { left, top, right: left + this.defects.length[index] * alongPx, bottom: top + this.defects.width[index] * acrossPx };
  }

  #resized() {
    const box = this.getBoundingClientRect();
    if (box.width < 1 || box.height < 1) return;
    const ratio = Math.min(2, devicePixelRatio || 1);
    this.canvas.width = Math.round(box.width * ratio);
    this.canvas.height = Math.round(box.height * ratio);
    const px = (value) => Math.round(value * ratio);
    const left = px(MARGIN.left);
    const width = Math.max(1, this.canvas.width - left - px(MARGIN.right));
    const top = px(MARGIN.top);
    const below = px(MARGIN.axis + MINIMAP.above + MINIMAP.height + 4);
    const height = Math.max(1, this.canvas.height - top - below);
    const faces = this.#coil.faces;
    const each = Math.max(1, Math.floor((height - px(MARGIN.between) * (faces.length - 1)) / faces.length));
    const lanes = {};
    faces.forEach((face, at) => { lanes[Math.max(0, FACES.indexOf(face))] = { top: at * (each + px(MARGIN.between)), height: each, face }; });
    const minimap = { top: top + height + px(MARGIN.axis + MINIMAP.above), height: px(MINIMAP.height), width };
    this.layout = { ratio, left, top, plot: { width, height, lanes }, minimap };
    this.#image = null;
    this.#overview = null;
    this.redraw();
  }
}
customElements.define("strip-map", StripMap);
