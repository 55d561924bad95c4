"""What rolls, guides and joints leave: repeating marks, worn stripes, the weld seam between two coils."""

from __future__ import annotations

import numpy as np

from inspector.capture.simulator.canvas import Canvas
from inspector.capture.simulator.defects.place import column
from inspector.capture.simulator.noise import Random, blurred, chance, profile, step


def paint_roll_marks(rng: Random, canvas: Canvas) -> None:
    """A worn roll's ridges across the strip, evenly spaced and slightly bent, strong in the middle of their reach."""
    scale = canvas.scale
    width = rng.uniform(300, 1200) * scale
    window = canvas.window(rng.uniform(canvas.left - width / 3, canvas.right - width / 3), 0, width, canvas.height)
    rows, columns = window.grid()
    pitch = rng.uniform(4, 11) * scale
    bend = profile(rng, window.width, 220 * scale)[None, :] * np.float32(rng.uniform(2, 8) * scale)
    slope = np.float32(rng.uniform(-0.08, 0.08))
    jitter = window.cloud(rng, 12 * scale, 60 * scale) * np.float32(1.4 * scale)
    phase = (rows + bend + slope * columns + jitter) * np.float32(2 * np.pi / pitch)
    reach = np.sin(columns / np.float32(window.width) * np.float32(np.pi))
    patches = np.clip(window.cloud(rng, 70 * scale, 90 * scale) * 0.5 + 0.6, 0, 1.5)
    ridge = np.sin(phase) * reach * patches * np.float32(rng.uniform(0.06, 0.2))
    window.multiply((1 + ridge).astype(np.float32))


def paint_wear(rng: Random, canvas: Canvas) -> None:
    """A worn stripe along the whole strip, grainy and soft at the sides, which resembles a scratch."""
    scale = canvas.scale
    for _ in range(int(rng.integers(1, 3))):
        width = rng.uniform(8, 70) * scale
        window = canvas.window(column(rng, canvas, width), 0, width, canvas.height)
        _, columns = window.grid()
        body = np.clip(1.2 - np.power(np.abs(columns / np.float32(width) * 2 - 1), 3) * 1.2, 0, 1)
        grain = blurred(window.white(rng), 0.7 * scale, 1.5 * scale)
        cover = body * np.clip(rng.uniform(0.3, 0.8) + grain * 1.2, 0, 1)
        window.multiply((1 - cover * np.float32(rng.uniform(0.15, 0.5))).astype(np.float32))


def paint_seam(rng: Random, canvas: Canvas) -> None:
    """A weld or lap: to one side the strip is brighter or darker, with a thin line between."""
    scale = canvas.scale
    columns = np.arange(canvas.width, dtype=np.float32)[None, :]
    place = rng.uniform(canvas.left, canvas.right)
    path = profile(rng, canvas.height, 120 * scale)[:, None] * np.float32(rng.uniform(0, 10) * scale)
    distance = columns - np.float32(place) - path
    side = step(distance, 0, 1.5 * scale)
    canvas.reflectance *= 1 + side * np.float32(rng.normal(0, 0.2))
    if chance(rng, 0.6):
        line = np.exp(-np.square(distance / np.float32(rng.uniform(1.5, 4) * scale)))
        canvas.reflectance *= (1 - line * np.float32(rng.uniform(0.15, 0.5))).astype(np.float32)
