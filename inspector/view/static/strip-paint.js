// Paints defects and unknown stretches into the pixels of an ImageData. Nothing is averaged: a defect of any size has its pixels, however many
// share a column, and small ones are painted over large ones.

const SMALL_PX = 64;
const MOST_PAINTED = 24;

/**
 * A lane is where one face is drawn: {top, height}, px. `plot` = {width, height, from, to, acrossFrom, acrossTo, lanes: {face number: lane}}.
 */
export function paintDefects(pixels, plot, defects, colours, leastPx) {
  const { width, from, to, acrossFrom, lanes } = plot;
  const alongPx = width / (to - from);
  const small = paintDefects.small.length < defects.count ? (paintDefects.small = new Uint32Array(defects.capacity)) : paintDefects.small;
  let smalls = 0;
  let budget = MOST_PAINTED * width * plot.height;
  const margin = leastPx / alongPx;
  const paint = (index, smallOnly) => {
    const lane = lanes[defects.face[index]];
    if (lane === undefined) return;
    const acrossPx = lane.height / (plot.acrossTo - acrossFrom);
    let left = (defects.x[index] - from) * alongPx;
    let right = left + defects.length[index] * alongPx;
    if (right - left < leastPx) { left = (left + right - leastPx) / 2; right = left + leastPx; }
    let top = (defects.y[index] - acrossFrom) * acrossPx;
    let bottom = top + defects.width[index] * acrossPx;
    if (bottom - top < leastPx) { top = (top + bottom - leastPx) / 2; bottom = top + leastPx; }
    const a = Math.max(0, Math.round(left));
    const b = Math.min(width, Math.round(right));
    const c = Math.max(0, Math.round(top));
    const d = Math.min(lane.height, Math.round(bottom));
    if (a >= b || c >= d) return;
    const area = (b - a) * (d - c);
    if (!smallOnly && area <= SMALL_PX) { small[smalls++] = index; return; }
    const colour = colours[defects.kind[index] % colours.length];
    budget -= area;
    const step = budget < 0 ? Math.max(1, d - c - 1) : 1; // where thousands cover each other, only their outlines
    for (let row = c; row < d; row += step) {
      const start = (lane.top + row) * width;
      if (b - a > 8) pixels.fill(colour, start + a, start + b);
      else for (let column = a; column < b; column += 1) pixels[start + column] = colour;
    }
  };
  defects.between(from - margin, to + margin, (first, end) => {
    for (let index = first; index < end; index += 1) if (defects.shown[index]) paint(index, false);
  });
  for (let at = 0; at < smalls; at += 1) paint(small[at], true);
}
paintDefects.small = new Uint32Array(0);

/** Hatches stretches {x, length, y, width, face: typed arrays}, mm. They are at least two pixels long, so that none vanishes. */
export function paintUnknown(pixels, plot, unknown, ink, ground) {
  const { width, from, to, acrossFrom, acrossTo, lanes } = plot;
  const alongPx = width / (to - from);
  const painted = new Map(); // by lane and place across: how far it is hatched already, so that thousands of them cost no more than their pixels
  for (let index = 0; index < unknown.x.length; index += 1) {
    const lane = lanes[unknown.face[index]];
    if (lane === undefined || unknown.x[index] > to || unknown.x[index] + unknown.length[index] < from) continue;
    const acrossPx = lane.height / (acrossTo - acrossFrom);
    let a = Math.max(0, Math.floor((unknown.x[index] - from) * alongPx));
    const b = Math.min(width, Math.max(a + 2, Math.ceil((unknown.x[index] + unknown.length[index] - from) * alongPx)));
    const c = Math.max(0, Math.floor((unknown.y[index] - acrossFrom) * acrossPx));
    const d = Math.min(lane.height, Math.ceil((unknown.y[index] + unknown.width[index] - acrossFrom) * acrossPx));
    const key = lane.top * 1e8 + c * 1e4 + d;
    const done = painted.get(key);
    if (done !== undefined && done[0] <= a) a = Math.max(a, done[1]);
    if (a >= b) continue;
    painted.set(key, done === undefined || done[0] > a ? [a, b] : [done[0], b]);
    for (let row = lane.top + c; row < lane.top + d; row += 1) {
      const start = row * width;
      for (let column = a; column < b; column += 1) pixels[start + column] = (column + row) % 6 < 2 ? ink : ground;
    }
  }
}
