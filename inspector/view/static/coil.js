// The page of coils: the runs of a line, or one of them as a coil. Its address says which: /coil?line=ID, and run=NAME or id=NUMBER.

import "./page-bar.js";
import "./strip-map.js";
import { coil, lineAddress } from "./coil-data.js";
import { ask } from "./session.js";
import { dressMaps } from "./theme.js";
import { element, list, showFacts } from "./coil-facts.js";

const wanted = new URLSearchParams(location.search);
const line = wanted.get("line") ?? "";
const at = (id) => document.getElementById(id);
const map = at("map");
const time = (ns) => (ns === null ? "" : new Date(ns / 1e6).toLocaleString("en-GB"));

function say(words, bad = false) {
  at("message").textContent = words;
  at("message").className = bad ? "bad" : "";
}

async function start() {
  dressMaps();
  if (line === "") throw new Error("the address names no line: /coil?line=...");
  if (wanted.has("id")) return showCoil(wanted.get("id"));
  const name = wanted.get("run");
  const { runs } = await ask(`${lineAddress(line)}/runs${name === null ? "" : `?name=${encodeURIComponent(name)}`}`);
  if (name === null) return showRuns(runs);
  if (runs.length === 0) throw new Error(`the journal holds nothing of a run ${name}`);
  return showCoil(String(runs[0].id));
}

function showRuns(runs) {
  document.title = `Coils of ${line}`;
  at("title").textContent = `Coils of ${line}`;
  for (const run of runs) {
    const row = element("tr");
    const link = element("a", run.name);
    link.href = `/coil?line=${encodeURIComponent(line)}&id=${run.id}`;
    const cells = [link, time(run.began_unix_ns), run.ended_unix_ns === null ? "goes on, or was cut off" : time(run.ended_unix_ns), run.frames || "",
      Object.entries(run.verdicts).map(([verdict, count]) => `${count} ${verdict}`).join(", "), run.cameras.join(", ")];
    for (const cell of cells) row.appendChild(element("td")).append(cell);
    at("run-rows").append(row);
  }
  say(["The journal holds no run.", "One run."][runs.length] ?? `The ${runs.length} newest runs.`);
  at("runs").hidden = false;
}

async function showCoil(id) {
  const address = `${lineAddress(line)}/runs/${encodeURIComponent(id)}`;
  const leave = new AbortController();
  addEventListener("pagehide", () => leave.abort());
  say("The coil is being read ...");
  const { head, arrays } = await coil(address, (share) => say(`The coil is being read: ${Math.floor(share * 100)} %`), leave.signal);
  say("");
  at("coil").hidden = false;
  showHead(head, address);
  if (head.to_mm <= head.from_mm) {
    // An empty map would look like clean strip.
    for (const part of ["filters", "map", "tools", "facts"]) at(part).hidden = true;
    say("No frame has a place on the strip, so there is no map; the notes say why.", true);
    return judgement(address, leave.signal);
  }
  map.setCoil({ from_mm: head.from_mm, to_mm: head.to_mm, x_from_mm: head.x_from_mm, x_to_mm: head.x_to_mm, faces: head.faces, width_mm: head.width_mm });
  map.setDefects(arrays, head.classes);
  map.setUnknown({ x: arrays["unknown.x"], y: arrays["unknown.y"], length: arrays["unknown.length"], width: arrays["unknown.width"], face: arrays["unknown.face"] });
  filters(head, arrays);
  tools();
  picks(head, address);
  await judgement(address, leave.signal);
}

/** Roll marks and grade, which may take longer than the map. */
async function judgement(address, signal) {
  at("mark-rows").append(element("li", "They are being looked for ..."));
  let found;
  try {
    do found = await ask(`${address}/judgement`, { signal }); while (found.making !== undefined);
  } catch (error) {
    if (error.name === "AbortError") return;
    at("mark-rows").replaceChildren(element("li", error.message));
    return;
  }
  map.setMarks(found.roll_marks.map((mark) => ({ ...mark.area, period_mm: mark.period_mm, phase_mm: mark.phase_mm })));
  marks(found.roll_marks, found.roll_marks_sought);
  if (found.grade !== null) { at("grade").textContent = `Grade ${found.grade.name}`; at("grade").hidden = false; }
  const why = at("grade-rows");
  if (found.grade === null) why.append(element("p", "No grade: the viewer knows no grading of this line."));
  for (const one of found.grade?.why ?? []) why.append(element("p", `not ${one.grade}: ${one.text}`));
  at("note-rows").replaceChildren(...found.notes.map((note) => element("p", note)));
}

function showHead(head, address) {
  const { run } = head;
  document.title = run.name;
  at("title").textContent = run.name;
  const frames = head.coverage.reduce((sum, one) => sum + one.frames, 0);
  at("complete").textContent = head.complete ? `all ${frames.toLocaleString("en")} frames accounted for`
    : head.ended ? "not every frame is accounted for" : "the run is not over";
  at("complete").className = head.complete ? "good" : "bad";
  at("complete").hidden = false;
  at("report").addEventListener("click", () => report(`${address}/report.html`).catch((error) => say(error.message, true)));
  at("report").hidden = false;
  at("all-coils").href = `/coil?line=${encodeURIComponent(line)}`;
  at("all-coils").hidden = false;
  at("figures").textContent = [
    `${((head.to_mm - head.from_mm) / 1000).toFixed(1)} m`,
    head.width_mm === null ? null : `${head.width_mm} mm wide`,
    `${head.defects.toLocaleString("en")} defects`,
    `${(head.uninspected_mm / 1000).toFixed(1)} m not inspected`,
    run.began_unix_ns === null ? null : time(run.began_unix_ns),
    head.head.simulated ? "simulated" : null,
  ].filter((one) => one !== null).join(" · ");
  at("camera-rows").append(...head.coverage.map((one) => list([
    ["camera", `${one.camera}, ${one.face === null ? "face unknown" : `${one.face} face`}`],
    ["frames", `${one.frames}${one.missing > 0 ? `, ${one.missing} of which nothing was told` : ""}${one.complete ? "" : "; not complete"}`],
    ["verdicts", Object.entries(one.verdicts).map(([verdict, count]) => `${count} ${verdict}`).join(", ")],
    ["inspected", `${(one.inspected_mm / 1000).toFixed(1)} m, ${(one.unknown_mm / 1000).toFixed(1)} m not`],
  ])));
  at("note-rows").append(...head.notes.map((note) => element("p", note)));
}

/** Has the report made, then saved as a file. */
async function report(address) {
  at("report").disabled = true;
  try {
    for (let answer; ;) {
      answer = await fetch(address);
      if (answer.status === 202) { say("The report is being made ..."); continue; }
      if (!answer.ok) throw new Error((await answer.json()).error);
      const link = element("a");
      link.href = URL.createObjectURL(await answer.blob());
      link.download = `${document.title}.html`;
      link.click();
      URL.revokeObjectURL(link.href);
      return say("The report is saved.");
    }
  } finally {
    at("report").disabled = false;
  }
}

function filters(head, arrays) {
  const classes = new Set(head.classes.keys());
  const verdicts = new Set(head.verdicts.keys());
  const counts = { kind: new Uint32Array(256), verdict: new Uint32Array(256) };
  for (let index = 0; index < head.defects; index += 1) { counts.kind[arrays.kind[index]] += 1; counts.verdict[arrays.verdict[index]] += 1; }
  const apply = () => {
    const least = Number(at("least").value) || 0;
    map.setFilter((index) => classes.has(arrays.kind[index]) && verdicts.has(arrays.verdict[index]) && arrays.length[index] >= least);
    let shown = 0;
    for (let index = 0; index < head.defects; index += 1) shown += map.defects.shown[index];
    at("shown").textContent = shown === head.defects ? "" : `${shown.toLocaleString("en")} of ${head.defects.toLocaleString("en")} shown`;
  };
  const box = (name, number, chosen, count, chip) => {
    const label = element("label");
    const input = element("input");
    input.type = "checkbox";
    input.checked = true;
    input.addEventListener("change", () => { if (input.checked) chosen.add(number); else chosen.delete(number); apply(); });
    label.append(input);
    if (chip) { const colour = element("span", null, "chip"); colour.style.background = map.colourOf(number); colour.dataset.kind = number; label.append(colour); }
    label.append(`${name} (${count.toLocaleString("en")})`);
    return label;
  };
  head.classes.forEach((name, number) => { if (counts.kind[number]) at("classes").append(box(name, number, classes, counts.kind[number], true)); });
  head.verdicts.forEach((name, number) => { if (counts.verdict[number]) at("verdicts").append(box(name, number, verdicts, counts.verdict[number], false)); });
  at("least").addEventListener("input", apply);
  map.addEventListener("palette", () => {
    for (const chip of document.querySelectorAll(".chip")) chip.style.background = map.colourOf(Number(chip.dataset.kind));
  });
}

function tools() {
  const press = (key) => map.dispatchEvent(new KeyboardEvent("keydown", { key }));
  for (const [id, key] of Object.entries({ all: "0", in: "+", out: "-", previous: "p", next: "n" })) at(id).addEventListener("click", () => press(key));
  const on = at("period-on");
  const show = (cursor) => {
    map.setCursor(cursor);
    on.checked = cursor !== null;
    at("period-box").hidden = cursor === null;
    if (cursor !== null) at("period").value = cursor.period_mm.toFixed(1);
  };
  on.addEventListener("change", () => {
    const span = map.view.to - map.view.from;
    const mark = map.marks[Math.max(0, map.mark)];
    show(!on.checked ? null : mark ? cursorOf(mark) : { period_mm: span / 5, origin_mm: map.view.from + span / 5 });
  });
  at("period").addEventListener("change", () => {
    const period = Math.min(100_000, Math.max(20, Number(at("period").value) || 20));
    if (map.cursor !== null) show({ ...map.cursor, period_mm: period });
  });
  map.addEventListener("period", (event) => { at("period").value = event.detail.period_mm.toFixed(1); });
  map.showCursor = show;
}

function cursorOf(mark) {
  const turns = Math.round((mark.from_mm - mark.phase_mm) / mark.period_mm);
  return { period_mm: mark.period_mm, origin_mm: mark.phase_mm + turns * mark.period_mm };
}

function marks(found, sought) {
  const rows = at("mark-rows");
  rows.replaceChildren();
  if (found.length === 0) rows.append(element("li", sought ? "None was found." : "They are not searched on this line."));
  found.forEach((mark, index) => {
    const fits = mark.rolls.length === 0 ? "no roll that is known" : mark.rolls.slice(0, 2).map((one) => `${one.roll}${one.turns > 1 ? ` (${one.turns} marks)` : ""}`).join(" or ");
    const button = element("button", `${mark.class}, ${mark.area.face}: every ${mark.period_mm.toFixed(1)} mm at ${Math.round((mark.area.x_from_mm + mark.area.x_to_mm) / 2)} mm, `
      + `${mark.count} of ${mark.possible} turns, ${(mark.area.from_mm / 1000).toFixed(1)} to ${(mark.area.to_mm / 1000).toFixed(1)} m; ${fits}`);
    button.type = "button";
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      for (const other of rows.querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === button));
      map.chooseMark(index);
      map.showCursor(cursorOf(map.marks[index]));
      const span = Math.min(mark.area.to_mm - mark.area.from_mm, mark.period_mm * 12) || mark.period_mm;
      map.setView(mark.area.from_mm - mark.period_mm, mark.area.from_mm + span);
    });
    rows.appendChild(element("li")).append(button);
  });
}

/** The facts of the defect that is chosen; those of its neighbours are fetched beforehand, and dropped when another one is chosen. */
function picks(head, address) {
  let asked = null;
  const kept = new Map();
  const get = (index, signal) => {
    if (!kept.has(index)) {
      if (kept.size > 200) kept.delete(kept.keys().next().value);
      kept.set(index, ask(`${address}/defects/${index}`, { signal }).catch((error) => { kept.delete(index); throw error; }));
    }
    return kept.get(index);
  };
  map.addEventListener("pick", async (event) => {
    asked?.abort();
    asked = new AbortController();
    const mine = asked;
    const { index } = event.detail;
    if (index < 0) return;
    try {
      const page = await get(index, mine.signal);
      if (mine.signal.aborted) return;
      showFacts(at("facts"), page, lineAddress(line), (name) => Math.max(0, head.classes.indexOf(name)));
      for (const other of [index + 1, index - 1]) if (other >= 0 && other < head.defects) get(other, mine.signal).catch(() => {});
    } catch (error) {
      if (error.name !== "AbortError") at("facts").replaceChildren(element("h2", "Defect"), element("p", error.message));
    }
  });
}

start().catch((error) => { if (error.name !== "AbortError") say(error.message, true); });
