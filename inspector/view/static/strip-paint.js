// Paints defects and unknown stretches into the pixels of an ImageData. Nothing is averaged: a defect of any size has its pixels, however many
// share a column. Small ones are painted over large ones, and those of other classes over those of the most frequent one.

const SMALL_PX = 64;
const SHORT_PX = 16;
const MOST_PAINTED = 24;

/** Small defects that wait until the large ones are painted: where they begin in the pixels; class, width and height. */
const waiting = { place: new Uint32Array(0), look: new Uint32Array(0) };

/**
 * A lane is where one face is drawn: {top, height}, px. `plot` = {width, height, from, to, acrossFrom, acrossTo, lanes: {face number: lane}}.
 */
export function paintDefects(pixels, plot, defects, colours, leastPx) {
  const { width, from, acrossFrom } = plot;
  const { x, y, length, width: across, kind, face, shown, commonest } = defects;
  const alongPx = width / (plot.to - from);
  const acrossPx = [0, 1].map((one) => (plot.lanes[one]?.height ?? 0) / (plot.acrossTo - acrossFrom));
  const heights = [0, 1].map((one) => plot.lanes[one]?.height ?? 0);
  const tops = [0, 1].map((one) => plot.lanes[one]?.top ?? 0);
  const palette = Uint32Array.from({ length: 256 }, (_, one) => colours[one % colours.length]);
  if (waiting.place.length < defects.count) {
    waiting.place = new Uint32Array(defects.capacity);
    waiting.look = new Uint32Array(defects.capacity);
  }
  const { place, look } = waiting;
  let front = 0; // from the front: those of the most frequent class; from the back: the others
  let back = place.length;
  let budget = MOST_PAINTED * width * plot.height;
  const margin = leastPx / alongPx;
  defects.between(from - margin, plot.to + margin, (first, end) => {
    for (let index = first; index < end; index += 1) {
      const on = face[index];
      const height = heights[on];
      if (shown[index] === 0 || !(height > 0)) continue;
      let long = length[index] * alongPx;
      let left = (x[index] - from) * alongPx + 0.5;
      if (long < leastPx) { left -= (leastPx - long) / 2; long = leastPx; }
      let wide = across[index] * acrossPx[on];
      let top = (y[index] - acrossFrom) * acrossPx[on] + 0.5;
      if (wide < leastPx) { top -= (leastPx - wide) / 2; wide = leastPx; }
      const a = left <= 0 ? 0 : left | 0;
      const b = left + long >= width ? width : (left + long) | 0;
      const c = top <= 0 ? 0 : top | 0;
      const d = top + wide >= height ? height : (top + wide) | 0;
      if (a >= b || c >= d) continue;
      const start = (tops[on] + c) * width + a;
      if ((b - a) * (d - c) <= SMALL_PX) {
        const at = kind[index] === commonest ? front++ : --back;
        place[at] = start;
        look[at] = (kind[index] << 16) | ((b - a) << 8) | (d - c);
      } else budget = paintLarge(pixels, start, width, b - a, d - c, palette[kind[index]], budget);
    }
  });
  paintSmall(pixels, width, palette, 0, front);
  paintSmall(pixels, width, palette, back, place.length);
}

function paintSmall(pixels, width, palette, first, last) {
  const { place, look } = waiting;
  for (let at = first; at < last; at += 1) {
    const one = look[at];
    const colour = palette[one >> 16];
    const columns = (one >> 8) & 255;
    let row = place[at];
    for (let rows = one & 255; rows > 0; rows -= 1) {
      for (let column = row; column < row + columns; column += 1) pixels[column] = colour;
      row += width;
    }
  }
}

/** What is left of the budget. Once it is used up, because thousands cover each other, only outlines are painted. */
function paintLarge(pixels, start, width, columns, rows, colour, budget) {
  const step = budget < 0 ? Math.max(1, rows - 1) : 1;
  const end = start + rows * width;
  for (let row = start; row < end; row += step * width) {
    if (columns > SHORT_PX) pixels.fill(colour, row, row + columns);
    else for (let at = row; at < row + columns; at += 1) pixels[at] = colour;
  }
  return budget - columns * rows;
}

/** Hatches stretches {x, length, y, width, face: typed arrays}, mm. One shorter than `leastPx` is a dashed line of that width at its place: none vanishes, and none
 * looks longer than it is. */
export function paintUnknown(pixels, plot, unknown, ink, ground, leastPx) {
  const { width, from, to, acrossFrom, acrossTo, lanes } = plot;
  const alongPx = width / (to - from);
  const painted = new Map(); // by lane and place across: what is hatched already, so that thousands of them cost no more than their pixels
  for (let index = 0; index < unknown.x.length; index += 1) {
    const lane = lanes[unknown.face[index]];
    if (lane === undefined || unknown.x[index] > to || unknown.x[index] + unknown.length[index] < from) continue;
    const acrossPx = lane.height / (acrossTo - acrossFrom);
    let a = Math.max(0, Math.floor((unknown.x[index] - from) * alongPx));
    const b = Math.min(width, Math.max(a + leastPx, Math.ceil((unknown.x[index] + unknown.length[index] - from) * alongPx)));
    const c = Math.max(0, Math.floor((unknown.y[index] - acrossFrom) * acrossPx));
    const d = Math.min(lane.height, Math.ceil((unknown.y[index] + unknown.width[index] - acrossFrom) * acrossPx));
    const key = lane.top * 1e8 + c * 1e4 + d;
    const done = painted.get(key);
    if (done !== undefined && done[0] <= a) a = Math.max(a, done[1]);
    if (a >= b) continue;
    painted.set(key, done === undefined || done[0] > a ? [a, b] : [done[0], b]);
    const thin = b - a <= leastPx;
    for (let row = lane.top + c; row < lane.top + d; row += 1) {
      const start = row * width;
      for (let column = a; column < b; column += 1) pixels[start + column] = (thin ? row % 6 < 4 : (column + row) % 6 < 2) ? ink : ground;
    }
  }
}
