// How boxes look on a picture: places in pixels of the frame, line widths in those of the screen.

const LABEL_PX = 13;

/** A box with its label; the chosen one has a white frame around it. */
export function paintBox(context, { box_px, label, colour, dashed, off }, chosen, scale) {
  const px = 1 / scale;
  const gap = 3 * px;
  const [x, y, width, height] = [box_px[0] - gap, box_px[1] - gap, box_px[2] + 2 * gap, box_px[3] + 2 * gap];
  context.save();
  context.globalAlpha = off && !chosen ? 0.6 : 1;
  context.setLineDash(dashed ? [6 * px, 4 * px] : []);
  if (chosen) {
    context.strokeStyle = "#ffffff";
    context.lineWidth = 5 * px;
    context.strokeRect(x, y, width, height);
  }
  context.strokeStyle = colour;
  context.lineWidth = (chosen ? 2.5 : 1.5) * px;
  context.strokeRect(x, y, width, height);
  context.setLineDash([]);
  if (off) {
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x + width, y + height);
    context.moveTo(x + width, y);
    context.lineTo(x, y + height);
    context.stroke();
  }
  if (label !== "") paintLabel(context, label, colour, x, y, height, px);
  context.restore();
}

/** Above the box, or where there is no room below it, or within. */
function paintLabel(context, label, colour, x, y, height, px) {
  context.font = `600 ${LABEL_PX * px}px system-ui, "DejaVu Sans", sans-serif`;
  context.textBaseline = "top";
  const high = (LABEL_PX + 5) * px;
  const wide = context.measureText(label).width + 8 * px;
  const matrix = context.getTransform();
  const above = matrix.f + (y - high) * matrix.d >= 0;
  const below = matrix.f + (y + height + high) * matrix.d <= context.canvas.height;
  const right = context.canvas.width / matrix.a - matrix.e / matrix.a;
  const left = Math.max(-matrix.e / matrix.a, Math.min(x, right - wide));
  const top = above ? y - high : below ? y + height : Math.max(y, -matrix.f / matrix.d);
  context.fillStyle = colour;
  context.fillRect(left, top, wide, high);
  context.fillStyle = "#000000";
  context.fillText(label, left + 4 * px, top + 3 * px);
}

/** The box that somebody draws. */
export function paintDrawing(context, [x, y, width, height], scale) {
  context.save();
  context.lineWidth = 2 / scale;
  for (const [colour, offset] of [["#000000", 0], ["#ffffff", 5]]) {
    context.strokeStyle = colour;
    context.setLineDash([5 / scale, 5 / scale]);
    context.lineDashOffset = offset / scale;
    context.strokeRect(x, y, width, height);
  }
  context.restore();
}
