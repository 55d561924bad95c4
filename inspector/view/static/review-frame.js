// The frame that is shown: its picture with marks, the one that is chosen, the buttons that hang on it, and what is changed of it.

import "./frame-view.js";
import { element, say } from "./dom.js";
import { showDefects, showFacts, showHistory } from "./review-panel.js";

const LABELLED = 20;
const at = (id) => document.getElementById(id);

export class Frame {
  /** `may`: whether the person may review. */
  constructor(may) {
    this.may = may;
    this.view = at("view");
    this.close = at("close");
    this.work = null;
    /** Of the marks of the draft; -1: none. */
    this.chosen = -1;
    this.view.addEventListener("choose", (event) => this.choose(event.detail.index));
    this.view.addEventListener("drawn", (event) => this.#drawn(event.detail.box_px));
    at("note").addEventListener("input", () => { if (this.work) this.work.draft.note = at("note").value; });
  }

  /** Whether the person has seen it. */
  get seen() {
    return this.work !== null && this.work.images !== null && this.view.painted === this.work.images;
  }

  async show(work) {
    this.work = work;
    if (work === null) return;
    const { item } = work;
    this.chosen = work.draft.marks > 0 ? 0 : -1;
    for (const view of [this.view, this.close]) view.setFrame([item.size_px[1], item.size_px[0]], item.box_px, work.images);
    at("note").value = work.draft.note;
    showFacts(work);
    this.refresh();
    say(at("on-view"), work.images === null ? "The picture is coming ..." : "");
    let why = "";
    try {
      await work.ready();
    } catch (error) {
      why = error.message;
    }
    if (this.work !== work) return;
    say(at("on-view"), why);
    for (const view of [this.view, this.close]) view.setImages(work.images);
    showHistory(work);
  }

  /** All that hangs on what was said of it. */
  refresh() {
    const { work } = this;
    if (work === null) return;
    this.chosen = Math.min(this.chosen, work.draft.marks - 1);
    this.view.setMarks(marksOf(work, this.chosen), this.chosen);
    this.#lookClosely();
    showDefects(work, this.chosen, (index) => this.choose(index));
    showHistory(work);
    this.#buttons();
    this.#drawing();
  }

  /** The chosen one beside its row. */
  #lookClosely() {
    const chosen = this.view.marks[this.chosen];
    this.close.hidden = chosen === undefined;
    if (chosen === undefined) return;
    this.close.setMarks([{ ...chosen, label: "", off: false }], -1);
    this.close.closeTo(chosen.box_px);
  }

  #buttons() {
    const { chosen } = this;
    const { draft, item, review, sending } = this.work;
    const nothing = item.defects.length === 0;
    label(at("right"), draft.touched ? "Corrected" : nothing ? "Clean" : "Right", "R");
    at("false").disabled = nothing;
    const alone = chosen >= item.defects.length ? "Remove box" : draft.isFalse(chosen) ? "This is right" : "This is false";
    label(at("single"), alone, "X");
    at("single").disabled = chosen < 0;
    at("missed").disabled = item.classes.length === 0;
    at("undo").dataset.what = review !== null && sending === 0 ? "this" : "last";
    label(at("undo"), at("undo").dataset.what === "this" ? "Take this review back" : "Undo the last", "Z");
    at("classes").replaceChildren(...item.classes.map((name, index) => {
      const chip = element("i", "chip");
      chip.style.background = this.work.colourOf(name);
      const button = element("button", "class", chip, element("span", "", name), " ", element("kbd", "", String(index + 1)));
      button.type = "button";
      button.dataset.key = String(index + 1);
      button.disabled = chosen < 0;
      button.setAttribute("aria-pressed", String(chosen >= 0 && !draft.isFalse(chosen) && draft.classOf(chosen) === name));
      return button;
    }));
  }

  choose(index) {
    if (this.work === null || index === this.chosen || index >= this.work.draft.marks) return;
    this.chosen = index;
    this.refresh();
    if (index >= 0) this.view.reveal(this.view.marks[index].box_px);
  }

  chooseBy(by) {
    const marks = this.work?.draft.marks ?? 0;
    if (marks > 0) this.choose((this.chosen + by + marks) % marks);
  }

  turnFalse() {
    this.#change((draft) => draft.turnFalse(this.chosen));
  }

  setClass(index) {
    const name = this.work?.item.classes[index];
    if (name !== undefined) this.#change((draft) => draft.setClass(this.chosen, name));
  }

  #change(alter) {
    if (!this.may || this.work === null || this.chosen < 0) return;
    alter(this.work.draft);
    this.refresh();
  }

  /** Begin a box around something missed. */
  draw() {
    if (!this.may || this.work === null || this.work.item.classes.length === 0) return;
    this.view.beginBox();
    this.#drawing();
    this.view.focus({ preventScroll: true });
  }

  /** The box by keys: moved, or with `size` made larger or smaller, by a hundredth of what is seen. */
  moveBox(x, y, size) {
    const { view, clientWidth } = this.view;
    const step = Math.max(1, Math.round(clientWidth / view.scale / 100));
    const [left, top, width, height] = this.view.drawing.box;
    this.view.setBox(size ? [left, top, width + x * step, height + y * step] : [left + x * step, top + y * step, width, height]);
  }

  endDrawing(take) {
    if (take) this.view.endBox();
    else this.view.dropBox();
    this.#drawing();
  }

  #drawn(box) {
    const { draft } = this.work;
    draft.addMissed(box);
    this.chosen = draft.marks - 1;
    this.refresh();
  }

  #drawing() {
    const drawing = this.view.drawing !== null;
    at("drawing").hidden = !drawing;
    at("judging").hidden = drawing || !this.may;
    this.view.classList.toggle("drawing", drawing);
  }

  /** "outlinesShown" or "contrast" of the picture, on or off. */
  turn(what, button) {
    const on = !this.view[what];
    for (const view of [this.view, this.close]) { view[what] = on; view.redraw(); }
    at(button).setAttribute("aria-pressed", String(on));
  }
}

function marksOf(work, chosen) {
  const { draft, item } = work;
  return Array.from({ length: draft.marks }, (_, index) => {
    const defect = item.defects[index];
    const name = draft.classOf(index);
    const more = defect === undefined ? "missed" : defect.score?.toFixed(2) ?? "";
    return {
      box_px: defect?.box_px ?? draft.missed[index - item.defects.length].box_px, dashed: defect === undefined, off: draft.isFalse(index), colour: work.colourOf(name),
      recoloured: defect !== undefined && name !== defect.class && !draft.isFalse(index) ? item.shown.bits.indexOf(defect.class) : -1,
      label: draft.marks <= LABELLED || index === chosen ? `${index + 1} ${name ?? "which class?"} ${more}` : String(index + 1),
    };
  });
}

function label(button, text, key) {
  button.replaceChildren(`${text} `, element("kbd", "", key));
}
