"""Corrosion: large crusts and shells that stand off the strip, with torn outlines, lit rims and shadows."""

from __future__ import annotations

import numpy as np

from inspector.capture.simulator import statistics as real
from inspector.capture.simulator.canvas import Canvas, Window
from inspector.capture.simulator.defects.place import column, near_column, row
from inspector.capture.simulator.noise import Field, Random, blurred, chance, lit, percentile_draw, profile, step

_CLASS = 3
_MARGIN_PX = 4.0


def paint_corrosion(rng: Random, canvas: Canvas) -> None:
    """One to four patches, in each other's neighbourhood more often than not."""
    scale = canvas.scale
    centre = column(rng, canvas, 120 * scale)
    for _ in range(int(rng.choice(real.CORROSION_COUNT))):
        width = percentile_draw(rng, real.CORROSION_WIDTH) * scale
        height = float(np.clip(width * percentile_draw(rng, real.CORROSION_ASPECT), 22 * scale, 260 * scale))
        x0 = near_column(rng, canvas, centre, 220 * scale, 0.8 * width)
        window = canvas.window(x0, row(rng, canvas, height, 0.4), width, height)
        _paint_patch(rng, window)


def _paint_patch(rng: Random, window: Window) -> None:
    """A crust (rough relief), a shell (smooth and dull) or something between."""
    canvas, scale = window.canvas, window.canvas.scale
    body = _outline(rng, window)
    cover = step(body, 0.0, 0.05)
    crust = rng.uniform(0.1, 1.0)
    relief = _relief(rng, window, crust)
    tone = rng.uniform(0.5, 0.85) if chance(rng, 0.7) else rng.uniform(0.85, 1.25)
    level = tone * (1 + window.cloud(rng, 40 * scale, 40 * scale) * np.float32(0.12))
    level = level + lit(relief, canvas.light) * np.float32(rng.uniform(0.4, 1.4) * crust * scale)
    level = level + relief * np.float32(0.10 * crust)
    part = 1 - cover * np.float32(rng.uniform(0.0, 0.35))
    window.multiply(part + cover * (np.clip(level, 0.12, 3.5) - part))
    _shade_rim(rng, window, cover)
    if chance(rng, 0.25):
        # Where the crust broke away bare metal mirrors the lamp.
        bare = window.cloud(rng, 50 * scale, 35 * scale)
        bare += window.cloud(rng, 7 * scale, 5 * scale) * np.float32(0.35)
        bare = step(bare, rng.uniform(1.0, 1.6), 0.3) * (1 + 0.4 * relief)
        window.add((bare * cover).clip(0, 2) * np.float32(rng.uniform(0.5, 2.2)))
    window.mark(_CLASS, cover > 0.5, _MARGIN_PX * scale, hull=False)


def _outline(rng: Random, window: Window) -> Field:
    """Positive inside a torn outline that fills the window, ``float32 [height, width]``."""
    rows, columns = window.grid()
    dy = rows / np.float32(window.height) * 2 - 1
    dx = columns / np.float32(window.width) * 2 - 1
    lean = np.float32(rng.uniform(-0.35, 0.35))
    angle = np.arctan2(dy, dx - lean * dy)
    # A closed outline: low harmonics give its bulk, high ones its torn edge.
    radius = np.zeros(720, dtype=np.float32)
    turn = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    for harmonic in range(2, 20):
        weight = rng.uniform(0.0, 0.5) / harmonic**1.5
        radius += (weight * np.cos(harmonic * turn + rng.uniform(0, 2 * np.pi))).astype(np.float32)
    radius = np.minimum(0.82 + radius, 1.0)
    reach = radius[((angle / (2 * np.pi)) * 720).astype(np.int32) % 720]
    distance = np.sqrt(dy * dy + np.square(dx - lean * dy))
    scale = window.canvas.scale
    ragged = window.cloud(rng, 18 * scale, 26 * scale) * np.float32(rng.uniform(0.01, 0.09))
    ragged += window.cloud(rng, 4 * scale, 5 * scale) * np.float32(rng.uniform(0.005, 0.035))
    return np.asarray(reach - distance + ragged, dtype=np.float32)


def _relief(rng: Random, window: Window, crust: float) -> Field:
    """Height of the crust, deviation about 1: folds across the strip, lumps and grit."""
    scale = window.canvas.scale
    flat = rng.uniform(1.0, 4.5)
    cell = rng.uniform(14, 30) * scale
    folds = 1 - np.abs(
        window.cloud(rng, cell, cell * flat) + window.cloud(rng, 6 * scale, 9 * scale) * 0.25
    ) * np.float32(1.6)
    folds *= np.clip(window.cloud(rng, 45 * scale, 70 * scale) * 0.6 + 0.6, 0, 1.5)
    lumps = window.cloud(rng, 9 * scale, 11 * scale)
    grit = window.cloud(rng, 3 * scale, 3.5 * scale)
    bend = profile(rng, window.width, 60 * scale)[None, :] * np.float32(0.5)
    return np.asarray(folds * 1.7 + lumps * 0.5 + grit * np.float32(0.15 + 0.2 * crust) + bend, dtype=np.float32)


def _shade_rim(rng: Random, window: Window, cover: Field) -> None:
    """The rim stands up: lit towards the lamp, with a shadow behind, and a dark crack under it in places."""
    scale = window.canvas.scale
    soft = blurred(cover, 1.2 * scale, 1.2 * scale)
    rim = lit(soft, window.canvas.light) * np.float32(rng.uniform(1.0, 4.0) * scale)
    wear = np.clip(window.cloud(rng, 30 * scale, 30 * scale) * 0.5 + 0.7, 0.1, 1.6)
    window.multiply(np.clip(1 + rim * wear, 0.25, 2.6).astype(np.float32))
