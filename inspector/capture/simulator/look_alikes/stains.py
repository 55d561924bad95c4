"""Stains: two-tone water and scale patterns, dried drops, grease, mottled scale spots."""

from __future__ import annotations

import numpy as np

from inspector.capture.simulator.canvas import Canvas
from inspector.capture.simulator.defects.place import column, row
from inspector.capture.simulator.noise import Random, chance, cloud, profile, step


def paint_water_stains(rng: Random, canvas: Canvas) -> None:
    """Two tones with sharp borders drawn out along the strip, in bands: scale that stuck and scale that came off."""
    scale, height, width = canvas.scale, canvas.height, canvas.width
    cell_x = rng.uniform(3, 22)
    cell_y = cell_x * rng.uniform(3, 9)
    pattern = cloud(rng, height, width, cell_y * scale, cell_x * scale)
    pattern += cloud(rng, height, width, cell_y * 0.3 * scale, cell_x * 0.4 * scale) * np.float32(
        rng.uniform(0.15, 0.5)
    )
    across = profile(rng, width, rng.uniform(60, 250) * scale)[None, :]
    pattern += across * np.float32(0.7) - np.float32(rng.uniform(0.5, 1.3))
    cover = step(pattern, 0, 0.12)
    if chance(rng, 0.72):
        canvas.reflectance *= 1 - cover * np.float32(rng.uniform(0.1, 0.35))
        return
    glint = cloud(rng, height, width, 2 * scale, 6 * scale)
    tops = np.maximum(glint - np.float32(0.9), 0) * np.float32(rng.uniform(0, 0.9))
    canvas.reflectance *= 1 + cover * (np.float32(rng.uniform(0.1, 0.35)) + tops)


def paint_drops(rng: Random, canvas: Canvas) -> None:
    """Scars: short dark spindles along the strip, single and sharp, as of dried drops or closed cracks."""
    scale = canvas.scale
    depth = rng.uniform(0.2, 0.6)
    for _ in range(int(rng.integers(2, 16))):
        height, width = rng.uniform(12, 60) * scale, rng.uniform(2, 9) * scale
        window = canvas.window(column(rng, canvas, width), row(rng, canvas, height, 0.1), width + 4, height)
        rows, columns = window.grid()
        dy = rows / np.float32(window.height) * 2 - 1
        middle = window.width / 2 + profile(rng, window.height, 15 * scale)[:, None] * np.float32(0.6 * scale)
        half = np.maximum((1 - dy * dy) * np.float32(width / 2), 0.05)
        spindle = step(half - np.abs(columns - middle), 0.2, 1.4)
        window.multiply((1 - spindle * np.float32(depth * rng.uniform(0.6, 1))).astype(np.float32))


def paint_scale_spots(rng: Random, canvas: Canvas) -> None:
    """Mottled dark patches of scale with ragged, crumbling borders."""
    scale = canvas.scale
    for _ in range(int(rng.integers(1, 4))):
        height, width = rng.uniform(40, 170) * scale, rng.uniform(40, 260) * scale
        window = canvas.window(column(rng, canvas, width), row(rng, canvas, height, 0.35), width, height)
        rows, columns = window.grid()
        dy, dx = rows / np.float32(height) * 2 - 1, columns / np.float32(width) * 2 - 1
        body = 1 - dy * dy - dx * dx
        body += window.cloud(rng, 30 * scale, 25 * scale) * np.float32(0.45)
        crumb = window.cloud(rng, rng.uniform(2.5, 6) * scale, rng.uniform(2, 5) * scale)
        cover = step(body + crumb * np.float32(rng.uniform(0.3, 0.8)), rng.uniform(0.5, 1.0), 0.25) * (body > 0)
        window.multiply((1 - cover * np.float32(rng.uniform(0.2, 0.55))).astype(np.float32))


def paint_grease(rng: Random, canvas: Canvas) -> None:
    """Smooth dark spots and smears with a soft border, some with a darker ring."""
    scale = canvas.scale
    for _ in range(int(rng.integers(1, 7))):
        radius = rng.uniform(5, 30) * scale
        high = radius * rng.uniform(0.9, 2.2)
        window = canvas.window(column(rng, canvas, 2 * radius), row(rng, canvas, 2 * high, 0.2), 2 * radius, 2 * high)
        rows, columns = window.grid()
        dy, dx = rows / np.float32(high) - 1, columns / np.float32(radius) - 1
        body = 1 - np.sqrt(dy * dy + dx * dx)
        body += window.cloud(rng, 10 * scale, 10 * scale) * np.float32(0.1)
        cover = step(body, 0.2, rng.uniform(0.1, 0.4))
        ring = np.exp(-np.square((body - 0.22) / 0.06)) * (0.5 if chance(rng, 0.4) else 0)
        window.multiply((1 - (cover + ring) * rng.uniform(0.1, 0.35)).astype(np.float32))
