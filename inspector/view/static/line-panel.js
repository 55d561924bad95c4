// <line-panel>: one line: state, figures, map, rejects. With the attribute `small` it is one of several on a page.

import "/static/state-sign.js";
import "/static/line-commands.js";
import "/static/reject-list.js";
import "/static/strip-map.js";
import { clock, count, element, fixed, mark, say } from "/static/dom.js";

const DRAW_EVERY_MS = 250;
const FOLLOWER_BEHIND_MM = 50_000;
const FOLLOW_MM = 100_000;
const UNKNOWN = "—";
const LEAST_UNSEEN = 0.005;
const VERDICTS = [["PASS", "Pass"], ["REJECT", "Reject"], ["SCRAP", "Scrap"], ["UNINSPECTED", "Not inspected"]];

class LinePanel extends HTMLElement {
  connectedCallback() {
    if (this.sign) return;
    this.small = this.hasAttribute("small");
    this.generation = null;
    this.classes = [];
    this.sign = element("state-sign");
    this.mark = element("p", "roll-marks");
    this.mark.hidden = true;
    this.figures = element("dl", "figures");
    this.values = {};
    for (const [key, name] of [["run", "Coil"], ["speed", "Speed"], ["rate", "Frames"], ["reject", "Rejected"], ["unseen", "Not inspected"], ["latency", "Latency"]]) this.#figure(key, name);
    this.account = element("p", "account");
    this.counts = element("p", "counts");
    this.map = element("strip-map");
    this.legend = element("ul", "legend");
    this.notes = element("p", "notes");
    const title = element("h2", "title", this.small ? link(`/?line=${encodeURIComponent(this.lineId)}`, this.lineId) : this.lineId);
    this.simulated = element("span", "simulated", "simulated");
    this.simulated.hidden = true;
    this.with = element("span", "with");
    title.append(" ", this.simulated, this.with);
    if (this.journal && this.small) title.append(link(`/coil?line=${encodeURIComponent(this.lineId)}`, "Past coils", "coils"));
    this.append(element("section", "top", title, this.sign, this.figures, this.sign.more));
    this.append(this.mark, element("section", "strip", this.#mapHead(), this.map, this.legend, this.notes), element("section", "proof", this.account, this.counts));
    if (this.control && !this.small) this.append(this.#commands());
    if (!this.small) {
      this.rejects = element("reject-list");
      this.log = element("ol", "log");
      this.append(element("section", "last", element("h3", "", "Last rejects"), this.rejects), element("section", "events", element("h3", "", "What the line said"), this.log));
    }
    this.map.addEventListener("palette", () => this.#colours());
  }

  #commands() {
    this.commands = element("line-commands");
    this.commands.lineId = this.lineId;
    return this.commands;
  }

  /** Sections of the line that changed; `line` has all of them. */
  show(line, changed, linked) {
    this.line = line;
    for (const name of changed) {
      if (name === "now") this.#now(line.now, linked);
      else if (name === "figures") this.#rates(line.figures);
      else if (name === "run") this.#run(line.run);
      else if (name === "strip") this.#strip(line.strip);
      else if (name === "holes") this.#unseen(line.holes);
      else if (name === "marks") this.#marks(line.marks);
      else if (name === "rejects" && !this.small) this.#rejected(line.rejects);
      else if (name === "log" && !this.small) this.#logged(line.log);
    }
  }

  /** Boxes for the map: the first of a generation replace all. They are drawn a few times a second, however often some come. */
  boxes({ generation, first, leftOut, boxes }) {
    if (generation !== this.generation || first === 0) {
      this.generation = generation;
      this.coming = [];
      this.map.setDefects(boxes, this.classes);
    } else {
      (this.coming ??= []).push(boxes);
      this.#drawSoon();
    }
    this.leftOut = leftOut;
  }

  #drawSoon() {
    this.drawing ??= setTimeout(() => {
      this.drawing = undefined;
      for (const boxes of this.coming ?? []) this.map.addDefects(boxes, this.classes);
      this.coming = [];
      if (this.line?.strip) this.#reach(this.line.strip.cameras);
    }, DRAW_EVERY_MS);
  }

  #figure(key, name) {
    const value = element("span");
    const unit = element("span", "unit");
    const more = element("small");
    const box = element("div", "figure", element("dt", "", name), element("dd", "", value, unit), more);
    box.dataset.key = key;
    this.values[key] = { box, value, unit, more };
    this.figures.append(box);
  }

  #set(key, text, unit, more = "") {
    say(this.values[key].value, text);
    say(this.values[key].unit, text === UNKNOWN ? "" : unit);
    say(this.values[key].more, more);
  }

  #mapHead() {
    this.length = element("span", "length");
    this.wholeButton = element("button", "", "Whole coil");
    this.lastButton = element("button", "", `Last ${FOLLOW_MM / 1000} m`);
    this.wholeButton.addEventListener("click", () => { this.map.follow = 0; this.map.showAll(); this.#pressed(); });
    this.lastButton.addEventListener("click", () => { this.map.follow = FOLLOW_MM; this.map.setCoil(this.map.coil); this.#pressed(); });
    this.#pressed();
    return element("div", "map-head", element("h3", "", "Strip"), this.length, this.wholeButton, this.lastButton);
  }

  #pressed() {
    this.wholeButton.setAttribute("aria-pressed", String(!this.map?.follow));
    this.lastButton.setAttribute("aria-pressed", String(Boolean(this.map?.follow)));
  }

  #now(now, linked) {
    this.sign.show(now, linked);
    mark(this, "old", String(now.silent || !linked));
    this.simulated.hidden = !now.simulated;
    this.#commanded(now.state);
    this.catchingUp = now.catching_up;
  }

  /** Who commands is shown the line as it is now. */
  #commanded(state) {
    if (this.commands && state !== this.commandedState) this.commands.changed();
    this.commandedState = state;
  }

  #rates(figures) {
    this.#set("speed", figures.speed_m_min === null ? UNKNOWN : fixed(figures.speed_m_min, 0), " m/min");
    this.#set("rate", fixed(figures.frames_per_s, figures.frames_per_s < 10 ? 1 : 0), " /s", "of the last 10 s");
    const percent = (share) => (Object.keys(figures.shares).length ? fixed(share * 100, 1) : UNKNOWN);
    const unseen = figures.shares.UNINSPECTED ?? 0;
    this.#set("reject", percent((figures.shares.REJECT ?? 0) + (figures.shares.SCRAP ?? 0)), " %", "of the last minute");
    this.#set("unseen", percent(unseen), " %", "of the last minute");
    mark(this.values.unseen.box, "bad", String(unseen >= LEAST_UNSEEN));
    const { latency_ms: latency, deadline_ms: deadline } = figures;
    const slowest = latency === null ? UNKNOWN : fixed(latency[1], latency[1] < 10 ? 1 : 0);
    this.#set("latency", slowest, " ms", deadline === null ? "for 99 % of frames" : `for 99 % of frames; deadline ${fixed(deadline, 0)} ms`);
    mark(this.values.latency.box, "bad", String(latency !== null && deadline !== null && latency[1] > deadline));
  }

  #run(run) {
    this.#set("run", run.run ?? UNKNOWN, "", run.ended ? `over${run.coil?.grade ? `; grade ${run.coil.grade}` : ""}` : "running");
    say(this.with, [run.recipe && `recipe ${run.recipe}`, run.bundle && `model ${run.bundle}`].filter(Boolean).join(" · "));
    if (run.account !== null) {
      say(this.account, run.account.text);
      mark(this.account, "level", run.account.level);
    }
    const counts = VERDICTS.filter(([key]) => run.verdicts[key]).map(([key, name]) => `${name} ${count(run.verdicts[key])}`);
    const reasons = Object.entries(run.reasons).map(([name, number]) => `${name} ${count(number)}`).join(", ");
    say(this.counts, counts.join("  ·  ") + (reasons ? ` (${reasons})` : "") + (run.late ? `  ·  ${count(run.late)} results came too late` : ""));
    const notes = [...run.notes];
    if (this.leftOut) notes.push(`${count(this.leftOut)} older defects are no longer drawn`);
    const reached = this.map.coil.to_mm - this.map.coil.from_mm;
    if (run.coil?.length_mm != null && reached - run.coil.length_mm > FOLLOWER_BEHIND_MM) notes.push(`roll marks are known up to ${fixed(run.coil.length_mm / 1000, 0)} m: what follows the coil is behind`);
    if (this.catchingUp) notes.unshift("what was published before is being fetched");
    say(this.notes, notes.join("; "));
    this.defects = run.defects;
    this.#colours();
  }

  #strip(strip) {
    if (strip === null) return;
    if (strip.generation !== this.generation && strip.boxes === 0) {
      this.generation = strip.generation;
      this.coming = [];
      this.map.setDefects({ x: [], y: [], length: [], width: [], kind: [], face: [] }, strip.classes);
    }
    if (strip.classes.join("\n") !== this.classes.join("\n")) {
      this.classes = strip.classes;
      this.map.addDefects({ x: [], y: [], length: [], width: [], kind: [], face: [] }, this.classes);
      this.#colours();
    }
    this.#drawSoon();
  }

  #reach(cameras) {
    if (cameras.length === 0) return;
    const from = Math.min(...cameras.map((one) => one.from_mm));
    const to = Math.max(...cameras.map((one) => one.to_mm));
    const faces = [...new Set(cameras.map((one) => one.face))].sort().reverse();
    this.map.setCoil({ from_mm: from, to_mm: to, x_from_mm: Math.min(...cameras.map((one) => one.x_from_mm)), x_to_mm: Math.max(...cameras.map((one) => one.x_to_mm)), faces });
    say(this.length, `${fixed((to - from) / 1000, 0)} m so far`);
  }

  #marks(marks) {
    this.map.setMarks(marks.map((one) => ({ ...one.area, period_mm: one.period_mm, phase_mm: one.phase_mm })));
    this.mark.hidden = marks.length === 0;
    const texts = marks.slice(0, 3).map((one) => {
      const roll = one.rolls.length ? ` It fits the roll ${one.rolls[0].roll}.` : "";
      const across = (one.area.x_from_mm + one.area.x_to_mm) / 2;
      const reached = `${fixed(one.area.to_mm / 1000, 0)} m`;
      const what = `${one.class} every ${fixed(one.period_mm, 0)} mm, ${fixed(across, 0)} mm from the edge, ${one.area.face} face`;
      const text = `${one.over ? `Roll mark, ended at ${reached}` : "Roll mark"}: ${what}; ${count(one.count)} found${one.over ? "" : ` up to ${reached}`}.${roll}`;
      return element("span", one.over ? "over" : "", text);
    });
    this.mark.replaceChildren(...texts);
  }

  /** What nobody inspected: on the map, and how much it is. */
  #unseen(holes) {
    this.map.setUnknown(holes);
    let places = 0;
    let whole = 0;
    let reached = -Infinity;
    for (const one of [...holes].sort((a, b) => a.from_mm - b.from_mm)) {
      if (one.from_mm > reached) places += 1;
      whole += Math.max(0, one.to_mm - Math.max(one.from_mm, reached));
      reached = Math.max(reached, one.to_mm);
    }
    this.unseen = places === 0 ? "" : `${fixed(whole / 1000, whole < 100 ? 3 : whole < 1000 ? 2 : whole < 100_000 ? 1 : 0)} m in ${count(places)} ${places === 1 ? "place" : "places"}`;
    this.#colours();
  }

  #colour(name) {
    const kind = this.classes.indexOf(name);
    return this.map.colourOf(Math.max(0, kind));
  }

  #colours() {
    const items = this.classes.map((name) => {
      const dot = element("i", "dot");
      dot.style.background = this.#colour(name);
      return element("li", "", dot, `${name} `, element("b", "", count(this.defects?.[name] ?? 0)));
    });
    const hatched = element("i", "dot hatched");
    this.legend.replaceChildren(...items, element("li", "", hatched, "not inspected ", element("b", "", this.unseen ?? "")));
  }

  #rejected(rejects) {
    this.rejects.show(rejects, (name) => this.#colour(name), this.archive ? this.lineId : null);
  }

  #logged(log) {
    this.log.replaceChildren(...log.slice(0, 8).map((one) => element("li", "", element("time", "", clock(one.at_ms)), one.text)));
  }
}
customElements.define("line-panel", LinePanel);

function link(address, text, className = "") {
  const made = element("a", className, text);
  made.href = address;
  return made;
}
