// The facts of a defect: where it is, its frames with verdict, scores and thresholds, and their pictures with what the segmenter found.

import { bytesOf, loaded, outlines, pictureAddress } from "./frame-picture.js";
import { classColour, themeOf } from "./strip-theme.js";

const SHOWN_FRAMES = 16;

export function element(name, words = null, className = null) {
  const made = document.createElement(name);
  if (words !== null) made.textContent = words;
  if (className !== null) made.className = className;
  return made;
}

export function list(pairs) {
  const made = element("dl");
  for (const [term, value] of pairs) {
    if (value === null || value === undefined || value === "") continue;
    made.append(element("dt", term), element("dd", value));
  }
  return made;
}

const mm = (value) => `${value >= 1000 ? `${(value / 1000).toFixed(2)} m` : `${value.toFixed(1)} mm`}`;
const score = (value) => (value === null ? null : value.toFixed(3));

/** `kindOf` gives the number of a class, which its colour hangs on. */
export function showFacts(place, page, address, kindOf) {
  const { defect } = page;
  const cut = defect.head === "unknown" || defect.tail === "unknown" ? "it may go on where nobody inspected" : null;
  place.replaceChildren(
    element("h2", defect.class),
    list([
      ["along", `${(defect.along_mm / 1000).toFixed(3)} m from the head, ${defect.area.face} face`],
      ["across", `${Math.round(defect.near_edge_mm)} mm from the reference edge${defect.far_edge_mm === null ? "" : `, ${Math.round(defect.far_edge_mm)} mm from the far edge`}`],
      ["length and width", `${mm(defect.length_mm)} × ${mm(defect.width_mm)}`],
      ["area", `${defect.area_mm2.toFixed(1)} mm²`],
      ["highest score", score(defect.score)],
      ["joined of", defect.pieces > 1 ? `${defect.pieces} regions` : null],
      ["ends", cut],
    ]),
  );
  for (const note of page.notes) place.append(element("p", note));
  if (page.frames.length === 0) place.append(element("p", "Its frames are not in the journal any more."));
  page.frames.slice(0, SHOWN_FRAMES).forEach((frame, at) => place.append(frameFacts(frame, defect, address, kindOf, at === 0)));
  if (page.frames_in_all > page.frames.length) place.append(element("p", `and ${page.frames_in_all - page.frames.length} frames more`));
}

function frameFacts(frame, defect, address, kindOf, open) {
  const made = element("details");
  const summary = element("summary");
  summary.append(`${frame.camera}, frame ${frame.frame}: `, element("span", frame.verdict, `verdict ${frame.verdict}`));
  made.append(summary);
  const fill = () => {
    if (made.childElementCount > 1) return;
    const thresholds = frame.thresholds;
    const name = defect.class;
    if (frame.archived === null) made.append(element("p", "The archive has no picture of this frame."));
    else made.append(picture(frame.archived, address, kindOf), reviewLink(frame.archived.id, address));
    made.append(list([
      ["verdict", `${frame.verdict} (${frame.reason})${frame.detail ? `: ${frame.detail}` : ""}`],
      ["gate score", frame.gate_score === null ? "the gate did not run" : `${score(frame.gate_score)}${thresholds ? `; passes below ${thresholds.gate}` : ""}`],
      ["mask threshold", thresholds && name in thresholds.mask ? `${thresholds.mask[name]}, from ${thresholds.minimum_area_px[name] ?? 1} px on` : null],
      ["pixels", frame.pixels[name] === undefined ? null : `${frame.pixels[name]} of ${name}`],
      ["captured", frame.captured_unix_ns === null ? null : new Date(frame.captured_unix_ns / 1e6).toLocaleString()],
      ["bundle", frame.bundle], ["operating point", frame.operating_point], ["recipe", frame.recipe], ["calibration", frame.calibration],
    ]));
  };
  made.addEventListener("toggle", () => { if (made.open) fill(); });
  if (open) { made.open = true; fill(); }
  return made;
}

function reviewLink(entry, address) {
  const link = element("a", "Review this frame");
  link.href = `/review?line=${address.slice(address.lastIndexOf("/") + 1)}&entry=${entry}`;
  return link;
}

/** The picture with the outlines of what the segmenter set, each class in its colour on a dark ground, for steel is dark. */
function picture(archived, address, kindOf) {
  const [height, width] = archived.picture_px;
  const canvas = element("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "picture of the frame, with outlines of what the segmenter found");
  const wanted = [archived.picture, archived.mask].map((name) => (name === null ? null : loaded(pictureAddress(address, name))));
  Promise.all(wanted).then(([image, mask]) => {
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0, width, height);
    if (mask === null) return;
    context.lineWidth = Math.max(2, width / 500);
    outlines(bytesOf(mask, width, height), width, height, archived.bits.length).forEach((path, bit) => {
      context.strokeStyle = classColour(themeOf("dark"), kindOf(archived.bits[bit]));
      context.stroke(path);
    });
  }).catch((error) => canvas.replaceWith(element("p", error.message)));
  return canvas;
}
