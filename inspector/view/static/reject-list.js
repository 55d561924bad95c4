// <reject-list>: the last rejected frames, each with the outlines of what was found, over its picture where the archive has it.

import { clock, count, element, fixed } from "/static/dom.js";

const SHOWN = 8;
const ASKED_AFTER_MS = [0, 2000, 5000];

class RejectList extends HTMLElement {
  /** `rejects`: the section of the line; `colour(class)`; `line`: the one whose archive has the pictures, or null. */
  show(rejects, colour, line) {
    this.cards ??= new Map();
    const shown = rejects.slice(0, SHOWN);
    const kept = new Map();
    for (const reject of shown) {
      const key = `${reject.epoch}/${reject.camera}/${reject.frame}`;
      kept.set(key, this.cards.get(key) ?? card(reject, colour, line));
    }
    this.cards = kept;
    if (kept.size === 0) this.replaceChildren(element("p", "none", "None yet."));
    else this.replaceChildren(...kept.values());
  }
}
customElements.define("reject-list", RejectList);

function card(reject, colour, line) {
  const canvas = element("canvas", "frame");
  const made = element("article", "reject");
  made.dataset.verdict = reject.verdict;
  const place = reject.travel_m === null ? "" : ` at ${fixed(reject.travel_m, 1)} m`;
  const head = element("p", "what", element("strong", "", reject.verdict === "SCRAP" ? "Scrap" : "Reject"), place);
  head.append(element("span", "when", clock(reject.captured_ms)));
  const found = element("ul", "found");
  for (const one of reject.defects) found.append(defectLine(one, colour));
  if (reject.more > 0) found.append(element("li", "", `and ${count(reject.more)} more`));
  if (reject.alike > 0) found.append(element("li", "size", `${count(reject.alike)} more ${reject.alike === 1 ? "frame" : "frames"} before it show the same`));
  made.append(canvas, head, found, element("p", "frame-number", `${reject.camera} #${count(reject.frame)}`));
  draw(canvas, reject, colour);
  if (line !== null) findPicture(line, reject, (image, box) => draw(canvas, reject, colour, image, box), (entry) => made.append(reviewLink(line, entry)));
  return made;
}

/** The archive has the picture a little later than the line has the verdict: it is asked for again a few times. */
async function findPicture(line, reject, found, archived) {
  const at = `/api/lines/${encodeURIComponent(line)}`;
  const frame = [reject.epoch, reject.camera, reject.frame].map(encodeURIComponent).join("/");
  for (const waitMs of ASKED_AFTER_MS) {
    await new Promise((done) => { setTimeout(done, waitMs); });
    try {
      const answer = await fetch(`${at}/frames/${frame}`);
      if (answer.ok) {
        const shown = await answer.json();
        archived(shown.id);
        const image = new Image();
        image.onload = () => found(image, shown.box_px ?? [0, 0, ...reject.size]);
        image.src = `${at}/pictures/${shown.thumbnail !== null && shown.box_px === null ? shown.thumbnail : shown.picture}`;
        return;
      }
    } catch { /* it is asked for again */ }
  }
}

function reviewLink(line, entry) {
  const link = element("a", "review", "Review");
  link.href = `/review?line=${encodeURIComponent(line)}&entry=${entry}`;
  return link;
}

function defectLine(defect, colour) {
  const dot = element("i", "dot");
  dot.style.background = colour(defect.class);
  const decimals = defect.unit === "mm" ? 1 : 0;
  const size = `${fixed(defect.length, decimals)} × ${fixed(defect.width, decimals)} ${defect.unit}`;
  return element("li", "", dot, `${defect.class} `, element("span", "size", size));
}

/** The outlines; `image` shows the part `box` of the frame: x, y, width, height. */
function draw(canvas, reject, colour, image = null, box = null) {
  const [width, height] = reject.size;
  const scale = Math.min(1, 480 / width, 480 / height);
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "#8b929c";
  context.fillRect(0, 0, canvas.width, canvas.height);
  if (image !== null) context.drawImage(image, ...box.map((one) => one * scale));
  context.lineWidth = 2;
  context.lineJoin = "round";
  for (const [name, corners] of reject.outlines) {
    context.strokeStyle = colour(name);
    context.fillStyle = colour(name);
    context.beginPath();
    for (let at = 0; at < corners.length; at += 2) context.lineTo(corners[at] * scale, corners[at + 1] * scale);
    context.closePath();
    if (image === null) context.fill();
    context.stroke();
  }
}
