// The charts of the trends page: from counts of frames to shares, with what a person needs to read them right.

export const LEAST_FRAMES = 20;
/** Fewer frames say nothing of a share as small as that from which *not inspected* is red. */
const LEAST_FOR_UNSEEN = 1000;
const PERCENT = { unit: "%", sign: " %", decimals: 2 };

/** What is shown of `found`, the viewer's answer; `theme`: colours of classes and others. */
export function charts(found, theme, classColour) {
  const { columns } = found;
  const { inspected, frames } = columns;
  const line = (name, numbers, number, of = inspected, colour = classColour(theme, number)) => (
    { name, numbers, values: of === null ? numbers : enough(numbers, of), colour }
  );
  const share = (name, counts, number, of = inspected) => line(name, shares(counts, of), number, of);
  const each = (counts, of, names) => Object.entries(counts).map(([name, values]) => share(name, values, Math.max(0, names.indexOf(name)), of));
  const few = `Points of fewer than ${LEAST_FRAMES} frames are not drawn.`;
  return [
    { ...PERCENT, id: "rejected", title: "Rejected and scrapped", about: `Share of the inspected frames. ${few}`, range: fromZero,
      lines: [share("Rejected", columns.rejected, 0), share("Scrapped", columns.scrapped, 6)] },
    { ...PERCENT, id: "classes", title: "Frames with a defect, by class", about: "Share of the inspected frames on which a defect of the class was found, whatever the verdict.", range: fromZero,
      lines: each(columns.classes, inspected, Object.keys(columns.classes)) },
    { ...PERCENT, id: "uninspected", title: "Not inspected, by reason", about: "Share of all frames, lost ones included.", range: fromZero,
      lines: each(columns.uninspected, frames, found.reasons) },
    { ...PERCENT, decimals: 1, id: "gate", title: "Passed by the gate", about: "Share of the inspected frames that the gate called clean, so that the segmenter did not look at them. The axis need not begin at 0.", range: shareRange,
      lines: [share("Passed by the gate", columns.gate_clean, 1)] },
    { unit: "ms", sign: " ms", decimals: 1, id: "latency", title: "Latency", about: "From capture to verdict, within 2 %: of frames that were inspected or ran out of time.", range: fromZero,
      lines: [line("Half of the frames", columns.p50_ms, 1), line("99 % of the frames", columns.p99_ms, 4),
        { ...line("Deadline", columns.deadline_ms, 2, null, theme.ink), stepped: true }] },
    { unit: "0 to 1", sign: "", decimals: 4, id: "score", title: "Mean gate score", about: "Where that of clean frames moves, strip, light or camera change; defects move that of all frames. Shaded: the line reported drift, dirt or a weak lamp.", range: fromZero,
      lines: [line("All frames", columns.gate_score, 5), line("Frames that the gate called clean", columns.clean_score, 1)] },
    { unit: `per ${lengthOf(found.step_s)}`, sign: "", decimals: 0, id: "frames", title: "Frames and completeness", about: "All frames with a verdict. Missing: messages that these figures lack, because the journal does not hold them. The last time is not over yet.", range: fromZero,
      lines: [{ ...line("Frames", frames, 1, null, theme.hatch), bars: true }, line("Missing", columns.missing.map((one) => one || null), 4, null)] },
  ];
}

/** Figures of all of the time: [name, value, what it is of, bad]. */
export function figures(found) {
  const one = Object.fromEntries(Object.entries(found.whole).filter(([, values]) => Array.isArray(values)).map(([key, [value]]) => [key, value]));
  const percent = (count, of, decimals = 2) => (of ? `${fixed((100 * count) / of, decimals)} %` : "–");
  const ms = (value) => (value === null ? "–" : `${fixed(value, 1)} ms`);
  const lost = one.frames - one.inspected;
  return [
    ["Frames", count(one.frames), one.frames ? `${count(one.inspected)} inspected` : "", false],
    ["Rejected", percent(one.rejected, one.inspected), `${count(one.rejected)} frames`, false],
    ["Scrapped", percent(one.scrapped, one.inspected), `${count(one.scrapped)} frames`, false],
    ["Not inspected", percent(lost, one.frames), `${count(lost)} frames`, one.frames >= LEAST_FOR_UNSEEN && lost / one.frames >= 0.005],
    ["Passed by the gate", percent(one.gate_clean, one.inspected, 1), "of the inspected", false],
    ["Latency", ms(one.p99_ms), one.deadline_ms === null ? "for 99 % of frames" : `for 99 % of frames; deadline ${fixed(one.deadline_ms, 0)} ms`, one.p99_ms !== null && one.deadline_ms !== null && one.p99_ms > one.deadline_ms],
    ["Missing", count(one.missing), one.missing ? "messages are not in the journal" : "every message is there", one.missing > 0],
  ];
}

export function count(number) { return number.toLocaleString("en-GB"); }

function fixed(number, decimals) {
  return number.toLocaleString("en-GB", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

function shares(counts, of) { return counts.map((one, index) => (of[index] ? (100 * one) / of[index] : null)); }
function enough(values, of) { return values.map((one, index) => (of[index] >= LEAST_FRAMES ? one : null)); }
function fromZero(_, most) { return [0, most > 0 ? most * 1.1 : 1]; }

function shareRange(least, most) {
  if (least === null || most === null) return [0, 100];
  const room = Math.max(0.5, (most - least) * 0.15);
  return [Math.max(0, least - room), Math.min(100, most + room)];
}

function lengthOf(seconds) {
  return seconds < 3600 ? `${seconds / 60} min` : seconds === 3600 ? "hour" : `${seconds / 3600} h`;
}
