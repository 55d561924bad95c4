// What commands are called, what they do to frames, and what became of them, in words.

import { clock, count } from "/static/dom.js";

const NAMES = {
  "pause": "Pause", "resume": "Resume", "run start": "Begin a run", "run end": "End the run", "recipe prepare": "Prepare a recipe",
  "bundle rollback": "Roll back the bundle", "bundle list": "Bundles", "shadow report": "Shadow report", "bundle activate": "Activate a bundle",
  "shadow start": "Start a shadow", "shadow stop": "Stop the shadow", "part": "Name a sheet", "drain": "Drain", "reload": "Reload", "log": "Log level",
};
const OUTCOMES = { done: "done", refused: "refused", failed: "failed", unknown: "not known", working: "under way" };
const DONE = {
  "pause": () => "frames are UNINSPECTED until somebody resumes",
  "resume": () => "frames are inspected again",
  "run start": (result) => `run ${result.run}${result.recipe ? `, recipe ${result.recipe}` : ""}, bundle ${result.bundle}`,
  "run end": (result) => (result.ended ? `run ${result.ended} is over` : "there was no run"),
  "recipe prepare": (result) => `recipe ${result.recipe} is ready for a run, with bundle ${result.bundle}`,
  "bundle rollback": (result) => `bundle ${result.bundle} gives the verdicts, in place of ${result.before}`,
  "bundle list": (result) => result.bundles.map((one) => `${one.bundle} (operating point ${one.operating_point}): ${one.role}, ${one.state}`).join("\n"),
  "shadow report": (result) => [`Shadow ${result.shadow_bundle}: ${result.state}`, ...result.comparisons.map(compared)].join("\n"),
};

function compared(one) {
  const of = (share) => `${count(share.count)} of ${count(share.of)}`;
  return `beside ${one.active_bundle}: ${count(one.compared)} frames compared; another verdict on ${of(one.changed)}, stricter ${of(one.stricter)}, laxer ${of(one.laxer)}`;
}

/** Pause, “roll change” */
export function title(command, given = {}) {
  const values = Object.values(given).filter((one) => one !== null && one !== "").map((one) => `“${one}”`);
  return [NAMES[command] ?? command, ...values].join(", ");
}

/** done: frames are inspected again */
export function outcome(command, told) {
  let text = told.text;
  if (told.outcome === "done" && !text && told.result) {
    try { text = DONE[command]?.(told.result) ?? ""; } catch { /* another version of the line; it is done all the same */ }
  }
  const kept = told.outcome === "done" && told.journaled === false ? "; the line's journal has not taken it yet" : "";
  return `${OUTCOMES[told.outcome] ?? told.outcome}${text ? `: ${text}` : ""}${kept}`;
}

/** 14:03:12, asked by Anna */
export function asked(ms, who) {
  return `${clock(ms)}, asked by ${who}`;
}

/** What a person is told before a command: title, what becomes of frames, what the button says. `now`: the line as it is. */
export const BEFORE = {
  "pause": () => ["Pause the line?", [
    "Frames are UNINSPECTED until somebody resumes: the controller will reject or scrap them.",
    "The strip goes on; nobody looks at it.",
  ], "Pause"],
  "run start": (now) => ["Begin a run", [
    now.run ? `It begins between two frames. Run ${now.run} ends there, and its totals are published.` : "It begins between two frames; frames before it belong to no run.",
  ], "Begin"],
  "run end": (now) => [`End run ${now.run ?? ""}?`, [
    "Its totals are published. Frames captured from now on belong to no run; they are inspected as before.",
    now.recipe ? `Recipe ${now.recipe} stays in force.` : "",
  ], "End the run"],
  "bundle rollback": (now) => ["Roll back the bundle?", [
    `${now.standby ? `Bundle ${now.standby}` : "The bundle that was active before"} will give the verdicts in place of ${now.bundle ?? "the present one"}: frames may be judged otherwise, rejected or passed.`,
    "It is loaded and verified first, which may take minutes; frames are inspected as now meanwhile. Where it fails, nothing changes.",
  ], "Roll back"],
};
