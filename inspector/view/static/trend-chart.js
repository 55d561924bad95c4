// <trend-chart>: values over time, with marks and spans. Every chart of a page has the same time, and their cursors move together.

import uPlot from "./uPlot.esm.js";
import { element, say } from "./dom.js";

const HEIGHT = 200;
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [4, 4], [14, 4], [6, 2, 2, 2, 2, 2], [1, 4]];
const MOST_NUMBERED = 24;
const SYNC = "trends";
/** A chart is at least so many points wide, and a line of at most so many points has a dot at each. */
const LEAST_POINTS = 6;
const DOTTED = 12;

/** How the line with this number in its chart is dashed, so that lines differ without their colours. */
function dashOf(number) { return DASHES[number % DASHES.length]; }

/** 24 Nov, 14:15 in the time of this machine. */
export function when(seconds) {
  return new Date(seconds * 1000).toLocaleString("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
}

class TrendChart extends HTMLElement {
  /**
   * Draws. `chart`: title, about, unit, decimals, lines [{ name, numbers, values (those of the numbers that are drawn), colour, bars, stepped }], range(min, max), bands;
   * `time`: times (s, the beginnings of points), step_s, columns.frames; `events`: marks { at_ms, number }, spans { from_s, to_s }; `colours`: ink, faint, edge, band.
   */
  show(chart, time, events, colours) {
    this.chart = chart;
    this.time = time;
    this.events = events;
    this.colours = colours;
    if (!this.plotAt) this.#build();
    const left = this.plot?.cursor.left ?? -10;
    this.plot?.destroy();
    say(this.heading, `${chart.title}, ${chart.unit}`);
    say(this.about, chart.about);
    this.plotAt.setAttribute("aria-label", `${chart.title}, ${chart.unit}: a chart; the arrow keys move from one time to the next, the numbers are in the table below`);
    this.middles = time.times.map((at) => at + time.step_s / 2);
    this.plot = new uPlot(this.#options(), [this.middles, ...chart.lines.map((one) => one.values)], this.plotAt);
    this.#keys();
    if (left >= 0) this.plot.setCursor({ left, top: 10 });
    this.#cursor();
    this.#table();
  }

  disconnectedCallback() {
    this.watch?.disconnect();
    this.plot?.destroy();
    this.plot = null;
  }

  #build() {
    this.hiddenLines = new Set();
    this.heading = element("h2");
    this.about = element("p", "about");
    this.plotAt = element("div", "plot");
    this.plotAt.tabIndex = 0;
    this.plotAt.setAttribute("role", "img");
    this.keys = element("div", "keys");
    this.at = element("span", "at");
    this.details = element("details", "", element("summary", "", "Numbers"));
    this.details.addEventListener("toggle", () => this.#table());
    this.append(this.heading, this.about, this.plotAt, this.keys, this.details);
    this.plotAt.addEventListener("keydown", (event) => this.#key(event));
    this.plotAt.addEventListener("blur", () => this.plot.setCursor({ left: -10, top: -10 }, true, true));
    for (const kind of ["pointerdown", "pointermove"]) {
      this.plotAt.addEventListener(kind, (event) => { if (event.pointerType === "touch") this.#point(event.clientX); });
    }
    this.watch = new ResizeObserver(() => { if (this.plot && this.plotAt.clientWidth) this.plot.setSize({ width: this.plotAt.clientWidth, height: HEIGHT }); });
    this.watch.observe(this.plotAt);
  }

  #options() {
    const { chart, colours, time } = this;
    const axis = { stroke: colours.faint, grid: { stroke: colours.edge, width: 1 }, ticks: { stroke: colours.edge, width: 1 }, font: "13px system-ui, sans-serif" };
    const to = time.times[time.times.length - 1] + time.step_s;
    // A journal that is younger than what was chosen: from its first point on.
    const first = time.first_s === null ? time.times[0] : Math.floor((time.first_s - time.times[0]) / time.step_s) * time.step_s + time.times[0];
    const from = Math.max(time.times[0], Math.min(first, to - LEAST_POINTS * time.step_s));
    return {
      width: Math.max(200, this.plotAt.clientWidth),
      height: HEIGHT,
      legend: { show: false },
      cursor: { sync: { key: SYNC, setSeries: false }, drag: { x: false, y: false }, y: false, points: { size: 7 } },
      scales: { x: { range: () => [from, to] }, y: { range: (_, least, most) => chart.range(least, most) } },
      axes: [
        { ...axis, values: (_, splits) => splits.map(shortTime), space: 62, size: 30 },
        { ...axis, values: (_, splits) => splits.map((one) => one.toLocaleString("en-GB", { maximumFractionDigits: 4 })), size: 58 },
      ],
      series: [{}, ...chart.lines.map((one, number) => series(one, dashOf(number), !this.hiddenLines.has(one.name)))],
      hooks: { drawClear: [(plot) => this.#spans(plot)], draw: [(plot) => this.#marks(plot)], setCursor: [() => this.#cursor()] },
    };
  }

  #spans(plot) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const span of this.events.spans) {
      const [left, right] = [span.from_s, span.to_s].map((at) => plot.valToPos(at, "x", true));
      ctx.fillStyle = this.colours.band;
      ctx.fillRect(left, bbox.top, Math.max(2, right - left), bbox.height);
    }
    ctx.restore();
  }

  /** A line for each, with its number in the list of what changed. */
  #marks(plot) {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    const shown = this.events.marks.filter((one) => one.at_ms / 1000 >= plot.scales.x.min && one.at_ms / 1000 <= plot.scales.x.max);
    ctx.save();
    ctx.strokeStyle = this.colours.ink;
    ctx.fillStyle = this.colours.ink;
    ctx.lineWidth = ratio;
    ctx.font = `${11 * ratio}px system-ui, sans-serif`;
    ctx.textAlign = "center";
    for (const mark of shown) {
      const x = Math.round(plot.valToPos(mark.at_ms / 1000, "x", true)) + 0.5;
      ctx.globalAlpha = shown.length > MOST_NUMBERED ? 0.25 : 0.8;
      ctx.setLineDash([3 * ratio, 3 * ratio]);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      if (shown.length <= MOST_NUMBERED) ctx.fillText(String(mark.number), x, bbox.top - 3 * ratio);
    }
    ctx.restore();
  }

  #keys() {
    this.values = [];
    this.keys.replaceChildren(...this.chart.lines.map((one, number) => {
      const value = element("b");
      this.values.push(value);
      const button = element("button", "", sample(one, dashOf(number)), element("span", "", one.name), value);
      button.type = "button";
      button.setAttribute("aria-pressed", String(!this.hiddenLines.has(one.name)));
      button.addEventListener("click", () => {
        const on = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(on));
        if (on) this.hiddenLines.delete(one.name); else this.hiddenLines.add(one.name);
        this.plot.setSeries(number + 1, { show: on });
      });
      return button;
    }), this.at);
  }

  /** What is under the cursor. */
  #cursor() {
    if (!this.plot || !this.values) return;
    const { idx } = this.plot.cursor;
    const is = idx !== null && idx !== undefined;
    say(this.at, is ? this.#span(idx) : "");
    this.chart.lines.forEach((one, number) => say(this.values[number], is ? this.#words(one.numbers[idx]) : ""));
  }

  /** 24 Nov, 14:00 to 15:00, 1,200 frames. */
  #span(index) {
    const [from, frames] = [this.time.times[index], this.time.columns.frames[index]];
    const to = new Date((from + this.time.step_s) * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
    return `${when(from)} to ${to}, ${frames.toLocaleString("en-GB")} frames`;
  }

  #words(value) {
    if (value === null || value === undefined) return "–";
    return `${value.toLocaleString("en-GB", { minimumFractionDigits: this.chart.decimals, maximumFractionDigits: this.chart.decimals })}${this.chart.sign}`;
  }

  #key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const last = this.middles.length - 1;
    const first = this.middles.findIndex((at) => at >= this.plot.scales.x.min);
    const now = this.plot.cursor.idx ?? (step > 0 ? first - 1 : last + 1);
    this.#to(Math.max(first, Math.min(last, now + step)));
  }

  #point(clientX) {
    const box = this.plot.over.getBoundingClientRect();
    this.plot.setCursor({ left: Math.max(0, Math.min(box.width - 1, clientX - box.left)), top: 10 }, true, true);
  }

  #to(index) {
    this.plot.setCursor({ left: this.plot.valToPos(this.middles[index], "x"), top: 10 }, true, true);
  }

  /** Built when it is opened: the newest time first. */
  #table() {
    this.details.querySelector(".chart-table")?.remove();
    if (!this.details.open) return;
    const head = element("tr", "", element("th", "", "From"), ...this.chart.lines.map((one) => element("th", "", one.name)));
    const rows = this.time.times.map((at, index) => element("tr", "", element("td", "", when(at)), ...this.chart.lines.map((one) => element("td", "", this.#words(one.numbers[index])))));
    this.details.append(element("div", "chart-table", element("table", "", element("thead", "", head), element("tbody", "", ...rows.reverse()))));
  }
}
customElements.define("trend-chart", TrendChart);

function series({ name, colour, bars, stepped }, dash, show) {
  const line = { label: name, show, stroke: colour, width: 2, dash, spanGaps: false };
  if (bars) return { ...line, width: 0, fill: colour, paths: uPlot.paths.bars({ size: [0.9, 60] }), points: { show: false } };
  if (stepped) return { ...line, width: 1.5, paths: uPlot.paths.stepped({ align: 1 }), points: { show: false } };
  return { ...line, points: { show: true, size: 7, fill: colour, filter: lonely } };
}

/** Points without a neighbour, which a line would not show; of a short line all of them. */
function lonely(plot, number) {
  const values = plot.data[number];
  const all = [...values.keys()].filter((at) => values[at] != null);
  if (all.length <= DOTTED) return all;
  const found = [];
  for (let at = 0; at < values.length; at += 1) {
    if (values[at] != null && values[at - 1] == null && values[at + 1] == null) found.push(at);
  }
  return found;
}

function sample({ colour, bars }, dash) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 34 10");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", "M0 5h34");
  line.setAttribute("stroke", colour);
  line.setAttribute("stroke-width", bars ? "10" : "3");
  if (dash.length && !bars) line.setAttribute("stroke-dasharray", dash.join(" "));
  svg.append(line);
  return svg;
}

function shortTime(seconds) {
  const at = new Date(seconds * 1000);
  const isMidnight = at.getHours() === 0 && at.getMinutes() === 0;
  return isMidnight ? at.toLocaleDateString("en-GB", { day: "numeric", month: "short" }) : at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}
