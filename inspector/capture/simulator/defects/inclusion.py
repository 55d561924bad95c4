"""Inclusion: thin dark seams of slag rolled out along the strip, faint and broken, mostly near its edges."""

from __future__ import annotations

import numpy as np

from inspector.capture.simulator import statistics as real
from inspector.capture.simulator.canvas import Canvas
from inspector.capture.simulator.defects.place import column, row
from inspector.capture.simulator.noise import Random, blurred, chance, percentile_draw, profile, step

_CLASS = 1
_MARGIN_PX = 4.0


def paint_inclusion(rng: Random, canvas: Canvas) -> None:
    """One or two regions, side by side or one above the other."""
    scale = canvas.scale
    x0 = _near_edge(rng, canvas) if chance(rng, 0.7) else column(rng, canvas, 40 * scale)
    for _ in range(int(rng.choice(real.INCLUSION_COUNT))):
        height = percentile_draw(rng, real.INCLUSION_HEIGHT) * scale
        _paint_region(rng, canvas, x0, row(rng, canvas, height, 0.65), height)
        x0 = float(np.clip(x0 + rng.normal(0, 40) * scale, canvas.left, canvas.right - 20 * scale))


def _near_edge(rng: Random, canvas: Canvas) -> float:
    """A column 10 to 150 px from the strip edge."""
    inward = min(rng.uniform(10, 150) * canvas.scale, 0.6 * (canvas.right - canvas.left))
    on_left = canvas.left > 0 or (canvas.right == canvas.width and chance(rng, 0.5))
    return canvas.left + inward if on_left else max(canvas.left, canvas.right - inward - 20 * canvas.scale)


def _paint_region(rng: Random, canvas: Canvas, x0: float, y0: float, height: float) -> None:
    """One to three seams that run together."""
    scale = canvas.scale
    pad, room = 6 * scale, rng.uniform(4, 16) * scale
    slant = rng.normal(0, 0.035)
    span = room + 2 * pad + abs(slant) * height
    window = canvas.window(x0 - pad, y0, span, height)
    rows, columns = window.grid()
    visible = np.zeros((window.height, window.width), dtype=bool)
    start = pad + max(0.0, -slant * height)
    depth = canvas.visible_depth(rng.uniform(0.18, 0.42))
    for number in range(int(rng.integers(1, 4))):
        centre = start + (room * rng.uniform(0, 1) if number else room / 2)
        path = (
            centre + np.float32(slant) * rows[:, 0] + profile(rng, window.height, 45 * scale) * np.float32(1.2 * scale)
        )
        half = np.maximum(rng.uniform(0.7, 2.0) * (1 + 0.5 * profile(rng, window.height, 30 * scale)), 0.45) * scale
        seam = np.exp(-np.square((columns - path[:, None]) / half[:, None].astype(np.float32)))
        ends = np.minimum(rows / (0.12 * height), (height - rows) / (0.12 * height)).clip(0, 1)
        strength = np.clip(0.85 + 0.35 * profile(rng, window.height, 18 * scale), 0.35, 1.2)[:, None] * ends
        window.multiply((1 - seam * strength * np.float32(depth * rng.uniform(0.7, 1.0))).astype(np.float32))
        visible |= seam * strength > 0.12
    if chance(rng, 0.5):
        # Crumbs of slag along the seam.
        crumbs = blurred(window.white(rng), 0.9, 1.8) * visible
        window.multiply(1 - step(crumbs, 0.35, 0.2) * np.float32(0.4))
        window.add(step(-crumbs, 0.5, 0.2) * np.float32(rng.uniform(0.2, 0.8)))
    window.mark(_CLASS, visible, _MARGIN_PX * scale)
