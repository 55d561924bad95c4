// What is drawn over the pixels of a map: axes, edges of the strip, roll marks, the cursor of a period, the chosen defect.

const number = new Intl.NumberFormat("en", { maximumFractionDigits: 1, useGrouping: false });
const MOST_LINES = 1500;

/** A step of 1, 2 or 5 times a power of ten that is at least `least`. */
export function step(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= least * 0.999);
}

function font(context, layout, size, weight = "") {
  context.font = `${weight} ${Math.round(size * layout.ratio)}px system-ui, sans-serif`;
}

export function drawAxes(context, map, layout, plot) {
  const { theme, coil } = map;
  const { left, top, ratio } = layout;
  font(context, layout, 12);
  context.lineWidth = ratio;
  for (const lane of Object.values(plot.lanes)) {
    const acrossPx = lane.height / (plot.acrossTo - plot.acrossFrom);
    context.textAlign = "left";
    context.textBaseline = "bottom";
    context.fillStyle = theme.faint;
    context.fillText(`${lane.face} face`, left, top + lane.top - 3 * ratio);
    const edges = [0, coil.width_mm].filter((place) => place !== null && place >= plot.acrossFrom && place <= plot.acrossTo);
    const ends = [plot.acrossFrom, plot.acrossTo].filter((end) => edges.every((edge) => Math.abs(end - edge) * acrossPx > 14 * ratio));
    const places = edges.length > 1 ? edges : [...edges, ...ends];
    context.textAlign = "right";
    context.textBaseline = "middle";
    context.strokeStyle = theme.edge;
    for (const place of places) {
      const y = Math.round(top + lane.top + (place - plot.acrossFrom) * acrossPx);
      context.fillText(place === 0 ? "edge 0" : `${number.format(place)} mm`, left - 5 * ratio, Math.min(Math.max(y, top + lane.top + 6 * ratio), top + lane.top + lane.height - 6 * ratio));
    }
    for (const place of edges) {
      const y = Math.round(top + lane.top + (place - plot.acrossFrom) * acrossPx) + 0.5;
      context.beginPath();
      context.moveTo(left, y);
      context.lineTo(left + plot.width, y);
      context.stroke();
    }
  }
  const each = step(((plot.to - plot.from) / plot.width) * 110 * ratio);
  const digits = Math.max(0, Math.ceil(-Math.log10(each / 1000) - 0.001));
  context.fillStyle = theme.faint;
  context.strokeStyle = theme.faint;
  context.textAlign = "center";
  context.textBaseline = "top";
  const base = top + plot.height;
  for (let place = Math.ceil(plot.from / each) * each; place <= plot.to; place += each) {
    const x = Math.round(left + ((place - plot.from) / (plot.to - plot.from)) * plot.width) + 0.5;
    context.beginPath();
    context.moveTo(x, base);
    context.lineTo(x, base + 4 * ratio);
    context.stroke();
    if (x > left + 14 * ratio && x < left + plot.width - 20 * ratio) context.fillText(`${(place / 1000).toFixed(digits)} m`, x, base + 6 * ratio);
  }
  drawReadout(context, map, layout, plot);
}

/** Where the pointer is, with the distances to both edges. */
function drawReadout(context, map, layout, plot) {
  const place = map.pointer && placeOf(map, map.pointer.x, map.pointer.y);
  if (!place) return;
  context.textAlign = "right";
  context.textBaseline = "bottom";
  context.fillStyle = map.theme.ink;
  const far = map.coil.width_mm === null ? "" : `, ${Math.round(map.coil.width_mm - place.across_mm)} mm from the far edge`;
  const words = `${(place.along_mm / 1000).toFixed(3)} m, ${Math.round(place.across_mm)} mm from the reference edge${far}`;
  context.fillText(words, layout.left + plot.width, layout.top - 3 * layout.ratio);
}

/** What place of the strip is at a place of the canvas, CSS pixels; null: none. */
export function placeOf(map, x, y) {
  const { layout, drawn: plot } = map;
  if (!layout || !plot) return null;
  const column = x * layout.ratio - layout.left;
  const row = y * layout.ratio - layout.top;
  if (column < 0 || column > plot.width) return null;
  for (const lane of Object.values(plot.lanes)) {
    if (row >= lane.top && row <= lane.top + lane.height) {
      const across = plot.acrossFrom + ((row - lane.top) / lane.height) * (plot.acrossTo - plot.acrossFrom);
      return { along_mm: plot.from + (column / plot.width) * (plot.to - plot.from), across_mm: across, face: lane.face };
    }
  }
  return null;
}

export function drawMarks(context, map, layout, plot) {
  const alongPx = plot.width / (plot.to - plot.from);
  map.marks.forEach((mark, at) => {
    const lane = Object.values(plot.lanes).find((one) => one.face === mark.face);
    if (lane === undefined || mark.to_mm < plot.from || mark.from_mm > plot.to) return;
    const acrossPx = lane.height / (plot.acrossTo - plot.acrossFrom);
    const a = Math.max(0, (mark.from_mm - plot.from) * alongPx) + layout.left;
    const b = Math.min(plot.width, (mark.to_mm - plot.from) * alongPx) + layout.left;
    const c = layout.top + lane.top + (mark.x_from_mm - plot.acrossFrom) * acrossPx - 4 * layout.ratio;
    const d = layout.top + lane.top + (mark.x_to_mm - plot.acrossFrom) * acrossPx + 4 * layout.ratio;
    context.strokeStyle = map.theme.mark;
    context.lineWidth = (at === map.mark ? 2.5 : 1) * layout.ratio;
    context.setLineDash(at === map.mark ? [] : [6 * layout.ratio, 4 * layout.ratio]);
    context.strokeRect(a, c, Math.max(1, b - a), d - c);
    context.setLineDash([]);
  });
}

/** One line for each circumference, as long as they can be told apart. */
export function drawCursor(context, map, layout, plot) {
  const cursor = map.cursor;
  if (cursor === null) return;
  const { ratio, left, top } = layout;
  const alongPx = plot.width / (plot.to - plot.from);
  context.strokeStyle = map.theme.cursor;
  context.fillStyle = map.theme.cursor;
  const first = Math.ceil((plot.from - cursor.origin_mm) / cursor.period_mm);
  const last = Math.floor((plot.to - cursor.origin_mm) / cursor.period_mm);
  font(context, layout, 12, "600");
  context.textAlign = "left";
  context.textBaseline = "bottom";
  const far = cursor.period_mm * alongPx >= 5 * ratio && last - first < MOST_LINES;
  let told = false;
  for (let turn = far ? first : 0; turn <= (far ? last : 1); turn += 1) {
    const x = Math.round(left + (cursor.origin_mm + turn * cursor.period_mm - plot.from) * alongPx) + 0.5;
    if (x < left || x > left + plot.width) continue;
    context.lineWidth = (turn === 0 || turn === 1 ? 2 : 1) * ratio;
    context.beginPath();
    context.moveTo(x, top);
    context.lineTo(x, top + plot.height);
    context.stroke();
    if (!told) context.fillText(`every ${number.format(cursor.period_mm)} mm`, x + 4 * ratio, top + plot.height - 3 * ratio);
    told = true;
  }
}

/** A frame around the chosen defect, and how far it is from both edges. */
export function drawChosen(context, map, layout, plot) {
  const index = map.chosen;
  if (index < 0 || index >= map.defects.count) return;
  const box = map.boxOf(index, plot);
  if (box === null || box.right < 0 || box.left > plot.width) return;
  const { ratio, left, top } = layout;
  const { theme, defects, coil } = map;
  const pad = 5 * ratio;
  context.strokeStyle = theme.chosen;
  context.lineWidth = 2 * ratio;
  const a = Math.max(left, left + box.left - pad);
  const b = Math.min(left + plot.width, left + box.right + pad);
  context.strokeRect(a, top + box.top - pad, b - a, box.bottom - box.top + 2 * pad);
  const lane = plot.lanes[defects.face[index]];
  const acrossPx = lane.height / (plot.acrossTo - plot.acrossFrom);
  const at = (place) => top + lane.top + (place - plot.acrossFrom) * acrossPx;
  const middle = Math.min(Math.max(left + (box.left + box.right) / 2, left), left + plot.width);
  const near = defects.y[index];
  dimension(context, map, layout, middle, at(0), top + box.top - pad, near);
  if (coil.width_mm !== null) dimension(context, map, layout, middle, top + box.bottom + pad, at(coil.width_mm), coil.width_mm - near - defects.width[index]);
}

function dimension(context, map, layout, x, from, to, mm) {
  if (to - from < 4 * layout.ratio) return;
  context.lineWidth = layout.ratio;
  context.setLineDash([3 * layout.ratio, 3 * layout.ratio]);
  context.beginPath();
  context.moveTo(x, from);
  context.lineTo(x, to);
  context.stroke();
  context.setLineDash([]);
  if (to - from < 18 * layout.ratio) return;
  font(context, layout, 12, "600");
  context.textBaseline = "middle";
  const words = `${Math.round(mm)} mm`;
  const size = context.measureText(words).width + 8 * layout.ratio;
  const left = Math.min(x + 3 * layout.ratio, layout.left + layout.plot.width - size);
  context.fillStyle = map.theme.page;
  context.fillRect(left, (from + to) / 2 - 9 * layout.ratio, size, 18 * layout.ratio);
  context.fillStyle = map.theme.ink;
  context.textAlign = "left";
  context.fillText(words, left + 4 * layout.ratio, (from + to) / 2);
}
