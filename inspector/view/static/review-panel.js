// What stands beside the picture: facts of the frame, its defects, what was said of it, and what was reviewed on this page.

import { clock, element } from "./dom.js";

const VERDICTS = { PASS: "Pass", REJECT: "Reject", SCRAP: "Scrap", UNINSPECTED: "Not inspected" };
const EVIDENCE = {
  uncertain: "near a threshold", disagreement: "a shadow bundle disagreed", clean: "a sample of those that passed", reject: "rejected", scrap: "scrapped",
};
const REASONS = { gate_clean: "the gate saw nothing", no_defect: "nothing that a rule rejects", defect: "a rule of the line" };
const SAYS = { right: "right", false_alarm: "false alarm", corrected: "corrected", undone: "taken back" };
const MINE_SHOWN = 8;
const at = (id) => document.getElementById(id);
const score = (value) => (value === null ? "" : value.toFixed(2));

/** 3 false alarms, 1 of another class, 1 missed: what a review says, in words. */
export function inWords(review) {
  const count = (kind) => review.judgements.filter((one) => one.says === kind).length;
  const [wrong, other, missed] = [count("false_alarm"), count("other_class"), review.missed.length];
  const parts = review.says !== "corrected" ? [] : [
    wrong && `${wrong} false ${wrong === 1 ? "alarm" : "alarms"}`, other && `${other} of another class`, missed && `${missed} missed`,
  ].filter(Boolean);
  return [SAYS[review.says], parts.join(", "), review.note && `“${review.note}”`].filter(Boolean).join(": ");
}

export function when(review) {
  return new Date(review.at_unix_ns / 1e6).toLocaleString("en-GB");
}

/** Verdict and evidence, scores, and where and when it was seen. */
export function showFacts({ item }) {
  const rows = [
    ["verdict", element("span", `verdict ${item.verdict}`, VERDICTS[item.verdict] ?? item.verdict), ` (${REASONS[item.reason] ?? item.reason})`],
    ["kept because", EVIDENCE[item.evidence] ?? item.evidence],
    ["gate score", item.gate_score === null ? "the gate did not run" : item.gate_score.toFixed(3)],
    ["segmenter", item.shown.mask === null ? "did not run" : null],
    ["run", item.run], ["camera, frame", `${item.camera}, ${item.frame}`],
    ["captured", new Date(item.captured_ms).toLocaleString("en-GB")],
    ["shown", item.box_px === null ? null : `a part of ${item.size_px[1]} × ${item.size_px[0]} px`],
  ];
  const list = element("dl");
  for (const [term, ...words] of rows) if (words[0] !== null && words[0] !== "") list.append(element("dt", "", term), element("dd", "", ...words));
  at("facts").replaceChildren(list);
}

/** A row for each mark, to be chosen by click or Tab; `choose(mark)`. */
export function showDefects(work, chosen, choose) {
  const { draft, item } = work;
  const rows = Array.from({ length: draft.marks }, (_, mark) => {
    const row = element("button", draft.isFalse(mark) ? "off" : "", element("b", "", String(mark + 1)));
    row.type = "button";
    const defect = item.defects[mark];
    const name = draft.classOf(mark);
    const chip = element("i", "chip");
    chip.style.background = work.colourOf(name);
    row.append(chip, element("span", "name", name ?? "of which class?"));
    if (defect === undefined) row.append(element("small", "", "missed"));
    else {
      row.append(element("small", "", `${score(defect.score)}, ${defect.area_px} px`));
      const other = draft.changed.get(mark);
      if (other !== undefined) row.append(element("small", "change", other === "" ? "false alarm" : `was ${defect.class}`));
    }
    row.setAttribute("aria-pressed", String(mark === chosen));
    row.addEventListener("focus", () => choose(mark));
    row.addEventListener("click", () => choose(mark));
    return element("li", "", row);
  });
  const list = at("defect-rows");
  const held = [...list.children].findIndex((one) => one.contains(document.activeElement));
  list.replaceChildren(...(rows.length ? rows : [element("li", "none", "Nothing.")]));
  if (held >= 0 && rows.length > 0) rows[Math.min(held, rows.length - 1)].firstChild.focus({ preventScroll: true });
}

/** All reviews of the frame, the last one first. */
export function showHistory({ history }) {
  const rows = [...(history ?? [])].reverse().map((review) => element("li", "", element("b", "", review.author), ` ${inWords(review)} `, element("small", "", when(review))));
  at("history").replaceChildren(...(rows.length ? rows : [element("li", "none", history === null ? "" : "None yet.")]));
}

/** The last reviews of this page; `open(work)`. */
export function showMine(works, open) {
  const rows = works.slice(-MINE_SHOWN).reverse().map((work) => {
    const button = element("button", "", `${work.item.camera} ${work.item.frame}: `);
    button.type = "button";
    button.append(work.sending > 0 ? "on its way" : work.review === null ? "not kept" : `${inWords(work.review)}, ${clock(work.review.at_unix_ns / 1e6)}`);
    button.addEventListener("click", () => open(work));
    return element("li", "", button);
  });
  at("mine").replaceChildren(...(rows.length ? rows : [element("li", "none", "None yet.")]));
}
