// <state-sign>: how a line is, readable from three metres: a shape, a word and why. Shapes and colours are those of NAMUR NE 107.

import { duration, element, mark, say } from "/static/dom.js";

const SVG = "http://www.w3.org/2000/svg";
const SHOWN = 4;
const SHAPES = {
  failure: [["circle", { cx: 50, cy: 50, r: 46 }], ["path", { d: "M30 30 L70 70 M70 30 L30 70", class: "stroke" }]],
  function_check: [["path", { d: "M50 5 L97 92 L3 92 Z" }], ["path", { d: "M34 78 L58 54 M54 40 a14 14 0 1 0 18 18 l-10 0 l-8 -8 z", class: "stroke thin" }]],
  out_of_specification: [["path", { d: "M50 5 L97 92 L3 92 Z" }], ["path", { d: "M39 50 q0 -14 12 -14 q12 0 12 12 q0 9 -12 14 l0 6 M51 78 l0 5", class: "stroke thin" }]],
  maintenance_required: [["path", { d: "M50 3 L97 50 L50 97 L3 50 Z" }], ["path", { d: "M28 52 h34 l12 -10 M34 52 v16 h28 v-16 M76 54 v8", class: "stroke thin" }]],
  normal: [["circle", { cx: 50, cy: 50, r: 46 }], ["path", { d: "M28 52 L44 68 L73 34", class: "stroke" }]],
  silent: [["path", { d: "M8 8 H92 V92 H8 Z" }], ["path", { d: "M30 50 H70", class: "stroke" }]],
};

class StateSign extends HTMLElement {
  /** The list of reasons, to be put where there is room for it. */
  more = element("ul", "reasons");

  connectedCallback() {
    if (this.shape) return;
    this.shape = document.createElementNS(SVG, "svg");
    this.shape.setAttribute("viewBox", "0 0 100 100");
    this.shape.setAttribute("aria-hidden", "true");
    this.word = element("strong", "word");
    this.health = element("span", "health");
    this.append(this.shape, element("div", "words", this.word, this.health));
  }

  /** `now`: the section of the line. `linked`: whether the viewer itself answers. */
  show(now, linked) {
    const silent = now.silent || !linked;
    const sign = silent ? "silent" : now.signal ?? "silent";
    if (this.dataset.sign !== sign) {
      mark(this, "sign", sign);
      mark(this.more, "sign", sign);
      this.shape.replaceChildren(...SHAPES[sign].map(([name, attributes]) => {
        const part = document.createElementNS(SVG, name);
        for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, value);
        return part;
      }));
    }
    say(this.word, silent ? "No contact" : now.state_text);
    say(this.health, silent ? this.#silence(now, linked) : now.signal_text);
    this.#reasons(silent ? [] : now.reasons);
  }

  #silence(now, linked) {
    if (!linked) return "what is shown is old";
    if (now.silent_s === null) return `nothing heard yet at ${now.endpoint}`;
    return `silent for ${duration(now.silent_s)}; what is shown is old`;
  }

  #reasons(reasons) {
    const key = JSON.stringify(reasons);
    if (key === this.told) return;
    this.told = key;
    this.more.replaceChildren(...reasons.slice(0, SHOWN).map(reasonLine));
    if (reasons.length > SHOWN) this.more.append(element("li", "", `and ${reasons.length - SHOWN} more`));
  }
}
customElements.define("state-sign", StateSign);

function reasonLine(one) {
  const details = one.words ? [one.part, one.text].filter(Boolean).join(": ") : one.part;
  const made = element("li", one.standing ? "standing" : "", element("b", "", one.words || one.text), element("small", "", details));
  mark(made, "sign", one.signal);
  return made;
}
