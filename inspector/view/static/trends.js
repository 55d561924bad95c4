// The page of a line over days. Its address says which: /trends?line=ID&days=7, and camera=NAME, reviewed=1.

import "./trend-chart.js";
import { when } from "./trend-chart.js";
import { charts, count, figures } from "./trend-charts.js";
import { element, mark, say } from "./dom.js";
import { ask } from "./session.js";
import { classColour, themeOf } from "./strip-theme.js";

const AGAIN_MS = 30_000;
const KINDS = { bundle: "Model", operating_point: "Thresholds", recipe: "Recipe", change: "Settings", journal: "Journal" };
const RARE = ["bundle", "operating_point", "journal"];
const MOST_MARKS = 24;
const at = (id) => document.getElementById(id);
const wanted = new URLSearchParams(location.search);
const state = { line: wanted.get("line") ?? "", days: Number(wanted.get("days")) || 7, camera: wanted.get("camera") ?? "", reviewed: wanted.get("reviewed") === "1" };
let found = null;
let asking = null;
let again = 0;

async function begin() {
  const listed = await ask("/api/lines");
  if (state.line === "" && listed.length === 1) state.line = listed[0].id;
  const line = listed.find((one) => one.id === state.line);
  document.title = `Trends of ${state.line}`;
  say(at("title"), `Trends of ${state.line}`);
  if (line === undefined) throw new Error(state.line === "" ? "the address names no line: /trends?line=..." : `there is no line ${state.line}`);
  at("reviewed-box").hidden = !line.archive;
  at("reviewed").checked = state.reviewed;
  for (const button of at("ranges").querySelectorAll("button")) button.addEventListener("click", () => change({ days: Number(button.dataset.days) }));
  at("camera").addEventListener("change", () => change({ camera: at("camera").value }));
  at("reviewed").addEventListener("change", () => change({ reviewed: at("reviewed").checked }));
  document.addEventListener("theme", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  await look();
}

function change(more) {
  Object.assign(state, more);
  history.replaceState(null, "", `/trends?${query({ line: state.line })}`);
  look();
}

function query(more = {}) {
  const values = { ...more, days: state.days };
  if (state.camera) values.camera = state.camera;
  if (state.reviewed) values.reviewed = "1";
  return new URLSearchParams(values).toString();
}

/** Asks for what the address says, until it is there, and again after a while. */
async function look() {
  clearTimeout(again);
  asking?.abort();
  const mine = asking = new AbortController();
  for (const button of at("ranges").querySelectorAll("button")) button.setAttribute("aria-pressed", String(Number(button.dataset.days) === state.days));
  const address = `/api/lines/${encodeURIComponent(state.line)}/trends`;
  try {
    let answer;
    for (;;) {
      answer = await ask(`${address}?${query()}`, { signal: mine.signal });
      if (answer.making === undefined) break;
      if (found === null) tell(`The journal is being read: ${Math.floor((100 * answer.making.done) / Math.max(1, answer.making.of))} %`);
    }
    found = answer;
    at("csv").href = `${address}.csv?${query()}`;
    show();
  } catch (error) {
    if (error.name === "AbortError") return;
    tell(found === null ? error.message : `${error.message}; what is shown was read ${when(found.read_s)}`, true);
  }
  if (asking === mine) again = setTimeout(() => { if (!document.hidden) look(); }, AGAIN_MS);
}

function tell(words, bad = false) {
  say(at("message"), words);
  at("message").className = bad ? "bad" : "";
}

function show() {
  const frames = found.whole.frames[0];
  tell(found.trouble ? `${found.trouble}; what is shown was read ${when(found.read_s)}` : frames ? "" : why(), Boolean(found.trouble));
  const notes = [...found.notes];
  if (frames && found.first_s > found.times[0] + found.step_s) notes.push(`Known since ${when(found.first_s)}: the journal held nothing older.`);
  if (state.reviewed) notes.push(`${count(found.whole.dismissed[0])} rejected or scrapped frames are left out because review called them false alarms; they count as inspected.`);
  at("notes").replaceChildren(...notes.map((one) => element("li", "", one)));
  at("simulated").hidden = found.simulated === 0;
  say(at("simulated"), found.simulated === frames ? "simulated" : `${count(found.simulated)} frames are simulated`);
  cameras();
  at("main").hidden = frames === 0;
  at("csv").hidden = frames === 0;
  at("figures").replaceChildren(...figures(found).map(([name, value, of, bad]) => {
    const box = element("div", "", element("dt", "", name), element("dd", "", value), element("small", "", of));
    mark(box, "bad", String(bad));
    return box;
  }));
  draw();
}

/** Why nothing is shown. */
function why() {
  if (found.last_s === null) return `The journal holds nothing of the line ${found.line}.`;
  const of = state.camera ? ` of camera ${state.camera}` : "";
  return `No frames${of} in the last ${state.days === 1 ? "day" : `${state.days} days`}: the newest that the journal holds of the line is of ${new Date(found.last_s * 1000).toLocaleString("en-GB")}.`;
}

function cameras() {
  const names = ["", ...found.cameras];
  if (!names.includes(state.camera)) names.push(state.camera);
  const select = at("camera");
  if ([...select.options].map((one) => one.value).join("\n") !== names.join("\n")) {
    select.replaceChildren(...names.map((name) => { const option = element("option", "", name || "all"); option.value = name; return option; }));
  }
  select.value = state.camera;
}

function draw() {
  if (found === null || found.whole.frames[0] === 0) return;
  const theme = themeOf(document.documentElement.dataset.theme);
  const colours = { ink: theme.ink, faint: theme.faint, edge: theme.steel, band: "rgba(230, 159, 0, 0.22)" };
  // So many lines would hide what they mark: then only those of which there are few by their nature.
  const few = found.marks.length > MOST_MARKS ? found.marks.filter((one) => RARE.includes(one.kind)) : found.marks;
  const marks = found.marks.map((one) => ({ ...one, number: few.indexOf(one) + 1 }));
  const drawn = marks.filter((one) => one.number > 0);
  // One that goes on is known to do so as long as the line has said something.
  const spans = found.spans.map((one) => ({ from_s: one.from_ms / 1000, to_s: one.to_ms === null ? found.last_s : one.to_ms / 1000 }));
  const shown = charts(found, theme, classColour).filter((one) => one.lines.length > 0);
  const boxes = new Map([...at("charts").children].map((box) => [box.id, box]));
  const order = shown.map((chart) => boxes.get(chart.id) ?? section(chart.id));
  for (const [id, box] of boxes) if (id === "events" || !order.includes(box)) box.remove();
  // Only what is new is put in: a chart that is moved would be built anew.
  order.forEach((box, index) => { if (at("charts").children[index] !== box) at("charts").insertBefore(box, at("charts").children[index] ?? null); });
  at("charts").append(events(marks));
  shown.forEach((chart, index) => order[index].firstChild.show(chart, found, { marks: drawn, spans }, colours));
}

function section(id) {
  const made = element("section", "", element("trend-chart"));
  made.id = id;
  return made;
}

/** Everything that is marked in the charts, the newest first. */
function events(marks) {
  const rows = [
    ...marks.map((one) => [one.at_ms, one.number > 0 ? String(one.number) : "", KINDS[one.kind] ?? one.kind, one.text, one.cameras.join(", ")]),
    ...found.spans.map((one) => [one.from_ms, "shaded", "Drift", `${one.text} (${one.to_ms === null ? "goes on" : `until ${when(one.to_ms / 1000)}`})`, one.part]),
  ].sort((one, other) => other[0] - one[0]);
  const head = element("tr", "", ...["When", "In the charts", "What", "", "Of"].map((name) => element("th", "", name)));
  const body = rows.map(([ms, ...cells]) => element("tr", "", element("td", "", when(ms / 1000)), ...cells.map((cell) => element("td", "", cell))));
  const list = rows.length === 0 ? element("p", "about", "Nothing was changed, and no drift was reported, in this time.")
    : element("div", "list", element("table", "", element("thead", "", head), element("tbody", "", ...body)));
  const made = element("section", "events", element("h2", "", "What changed"), element("p", "about", "Changes are lines with these numbers in the charts (where there are very many, only those of model, thresholds and journal); drift is shaded."), list);
  made.id = "events";
  return made;
}

begin().catch((error) => tell(error.message, true));
