// The picture of an archived frame and what its mask says: loaded, stretched in contrast, and the mask's outlines.

/** The last part of an address of the archive's files. */
export function pictureAddress(line, name) {
  return `${line}/pictures/${encodeURIComponent(name)}`;
}

/** An image, decoded. */
export async function loaded(address) {
  const image = new Image();
  image.src = address;
  try {
    await image.decode();
  } catch {
    throw new Error("The picture cannot be shown; the archive may have deleted it.");
  }
  return image;
}

/** Its first channel, a byte for each pixel. Of a mask: bit k is the class bits[k]. */
export function bytesOf(image, width, height) {
  const pixels = drawn(image, width, height).getImageData(0, 0, width, height).data;
  const bytes = new Uint8Array(width * height);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = pixels[at * 4];
  return bytes;
}

/** For each class a Path2D along the edges of what is set of it, in pixels of the mask. */
export function outlines(bytes, width, height, classes) {
  return Array.from({ length: classes }, (_, bit) => outline(bytes, width, height, bit));
}

function outline(bytes, width, height, bit) {
  const path = new Path2D();
  const set = (x, y) => (x < 0 || y < 0 || x >= width || y >= height ? 0 : (bytes[y * width + x] >> bit) & 1);
  const edges = (lines, length, differs, draw) => {
    for (let line = 0; line <= lines; line += 1) {
      let from = -1;
      for (let at = 0; at <= length; at += 1) {
        const edge = at < length && differs(line, at);
        if (edge && from < 0) from = at;
        if (!edge && from >= 0) { draw(line, from, at); from = -1; }
      }
    }
  };
  if (!bytes.some((one) => (one >> bit) & 1)) return path;
  edges(height, width, (y, x) => set(x, y) !== set(x, y - 1), (y, from, to) => { path.moveTo(from, y); path.lineTo(to, y); });
  edges(width, height, (x, y) => set(x, y) !== set(x - 1, y), (x, from, to) => { path.moveTo(x, from); path.lineTo(x, to); });
  return path;
}

/** A canvas with the picture, its darkest hundredth black and its lightest white: dark steel is seen. */
export function stretched(image, width, height) {
  const context = drawn(image, width, height);
  const data = context.getImageData(0, 0, width, height);
  const [from, to] = range(data.data);
  const table = Uint8ClampedArray.from({ length: 256 }, (_, grey) => ((grey - from) * 255) / Math.max(1, to - from));
  for (let at = 0; at < data.data.length; at += 1) if (at % 4 !== 3) data.data[at] = table[data.data[at]];
  context.putImageData(data, 0, 0);
  return context.canvas;
}

/** The greys below which, and above which, a hundredth of the pixels is. */
function range(pixels) {
  const counts = new Uint32Array(256);
  for (let at = 1; at < pixels.length; at += 4) counts[pixels[at]] += 1;
  const few = pixels.length / 400;
  let [from, to] = [0, 255];
  for (let sum = counts[from]; sum < few; sum += counts[from]) from += 1;
  for (let sum = counts[to]; sum < few && to > from; sum += counts[to]) to -= 1;
  return [from, to];
}

function drawn(image, width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0, width, height);
  return context;
}
