"""Pitting: small dark pits pressed into the strip, drawn out along it, with a bright lip; in loose rows, seldom as a field."""

from __future__ import annotations

import cv2
import numpy as np

from inspector.capture.simulator import statistics as real
from inspector.capture.simulator.canvas import Canvas, Window
from inspector.capture.simulator.defects.place import column, near_column, row
from inspector.capture.simulator.noise import Field, Random, chance, lit, percentile_draw, step

_CLASS = 0
_MARGIN_PX = 6.0


def paint_pitting(rng: Random, canvas: Canvas) -> None:
    """One row of pits, or one or two fields of them."""
    scale = canvas.scale
    if chance(rng, 0.15):
        for _ in range(int(rng.integers(1, 3))):
            _paint_field(rng, canvas)
        return
    centre, spread = column(rng, canvas, 30 * scale), rng.uniform(10, 90) * scale
    strength = rng.uniform(0.55, 1.15)
    for _ in range(int(rng.choice(real.PITTING_COUNT))):
        visible = max(14.0, percentile_draw(rng, real.PITTING_HEIGHT) - 2 * _MARGIN_PX) * scale
        width = rng.uniform(8, 15) * scale
        if chance(rng, 0.3):
            centre = column(rng, canvas, 30 * scale)
        x0 = near_column(rng, canvas, centre, spread, width)
        _paint_pit(rng, canvas, x0, row(rng, canvas, visible, 0.1), width, visible, strength)


def _paint_pit(rng: Random, canvas: Canvas, x0: float, y0: float, width: float, height: float, strength: float) -> None:
    """A pit, or a chain of them where the region is long."""
    pad = 6 * canvas.scale
    window = canvas.window(x0 - pad, y0 - pad, width + 2 * pad, height + 2 * pad)
    depth = np.zeros((window.height, window.width), dtype=np.float32)
    links = max(1, round(height / (rng.uniform(22, 60) * canvas.scale)))
    for link in range(links):
        share = (link + 0.5 + rng.uniform(-0.45, 0.45)) / links
        x = pad + width * rng.uniform(0.3, 0.7)
        half = min(height / links * rng.uniform(0.2, 0.45), rng.uniform(9, 22) * canvas.scale)
        depth = np.maximum(
            depth,
            _dent(window, x, pad + height * share, width * rng.uniform(0.22, 0.42), half, rng.uniform(-0.2, 0.2)),
        )
    if links > 1:
        # The roller drew the pits out into one faint groove.
        groove = _dent(window, pad + width / 2, pad + height / 2, width * 0.2, height * 0.55, 0.0)
        depth = np.maximum(depth, groove * np.float32(rng.uniform(0.32, 0.5)))
    depth *= 1 + window.cloud(rng, 3 * canvas.scale, 2 * canvas.scale) * np.float32(0.3)
    _shade(rng, window, depth, strength)
    window.mark(_CLASS, depth > 0.3, _MARGIN_PX * canvas.scale)


def _shade(rng: Random, window: Window, depth: Field, strength: float) -> None:
    """A dark floor, a lip lit on the side that faces the lamp, a few flecks that mirror it."""
    scale = window.canvas.scale
    floor = step(depth, 0.42, 0.35) * np.float32(min(0.75, rng.uniform(0.2, 0.55) * strength))
    window.multiply(1 - floor)
    relief = lit(-depth, window.canvas.light) * np.float32(rng.uniform(1.0, 3.5) * strength * scale)
    window.multiply(np.clip(1 + relief, 0.35, 3.0))
    for _ in range(int(rng.integers(0, 4))):
        inside = np.argwhere(depth > 0.35)
        if len(inside) == 0:
            return
        y, x = inside[int(rng.integers(len(inside)))]
        fleck = _dent(window, float(x), y - 2 * scale, rng.uniform(0.8, 2.0) * scale, rng.uniform(1, 3.5) * scale, 0.0)
        window.add(fleck * np.float32(rng.uniform(0.4, 1.6)))


def _dent(window: Window, x: float, y: float, half_width: float, half_height: float, tilt: float) -> Field:
    """A smooth dent of height 1, ``float32 [height, width]``."""
    rows, columns = window.grid()
    dy = (rows - np.float32(y)) / np.float32(max(half_height, 0.5))
    dx = (columns - np.float32(x) - np.float32(tilt) * (rows - np.float32(y))) / np.float32(max(half_width, 0.5))
    return np.asarray(cv2.exp(-(dx * dx + dy * dy)), dtype=np.float32)


def _paint_field(rng: Random, canvas: Canvas) -> None:
    """Many pits side by side in a patch drawn out along the strip."""
    scale = canvas.scale
    height, width = rng.uniform(60, 170) * scale, rng.uniform(28, 60) * scale
    x0, y0 = column(rng, canvas, width), row(rng, canvas, height)
    window = canvas.window(x0, y0, width, height)
    rows, columns = window.grid()
    dy, dx = (rows / np.float32(height) - 0.5) * 2, (columns / np.float32(width) - 0.5) * 2
    lean = np.float32(rng.uniform(-0.4, 0.4))
    body = 1 - dy * dy - np.square(dx - lean * dy)
    body += window.cloud(rng, 25 * scale, 12 * scale) * np.float32(0.25)
    cover = step(body, 0.25, 0.2)
    pits = window.cloud(rng, rng.uniform(5, 9) * scale, rng.uniform(4, 7) * scale)
    pits += window.cloud(rng, 2.5 * scale, 2 * scale) * np.float32(0.35)
    pits *= np.clip(window.cloud(rng, 20 * scale, 15 * scale) * 0.5 + 0.75, 0, 1.5)
    holes = step(pits, rng.uniform(-0.2, 0.4), 0.6) * cover
    window.multiply(1 - cover * np.float32(rng.uniform(0.1, 0.3)))
    window.multiply(1 - holes * np.float32(rng.uniform(0.2, 0.45)))
    relief = lit(-pits * cover, canvas.light) * np.float32(rng.uniform(0.5, 1.3) * scale)
    window.multiply(np.clip(1 + relief, 0.3, 3.2))
    tops = np.maximum(-pits - 1.3, 0) * cover * np.float32(rng.uniform(0.5, 2.5))
    window.add(tops)
    window.mark(_CLASS, cover > 0.5, 4 * scale, hull=False)
