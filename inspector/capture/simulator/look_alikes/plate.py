"""Tread plate: steel rolled with a raised pattern on purpose, lentils or crossed bars."""

from __future__ import annotations

import cv2
import numpy as np

from inspector.capture.simulator.canvas import Canvas
from inspector.capture.simulator.noise import Field, Random, blurred, chance, cloud, lit, step


def _coordinates(rng: Random, canvas: Canvas, pitch: float) -> tuple[Field, Field]:
    """Row and column of every px from a random origin, ``float32 [H, 1]`` and ``[1, W]``."""
    rows = np.arange(canvas.height, dtype=np.float32)[:, None] + np.float32(rng.uniform(0, 4 * pitch))
    columns = np.arange(canvas.width, dtype=np.float32)[None, :] + np.float32(rng.uniform(0, 4 * pitch))
    return rows, columns


def _emboss(rng: Random, canvas: Canvas, relief: Field) -> None:
    """Raise ``relief`` (0 to 1) out of the sheet; worn tops and dirt beside it."""
    scale = canvas.scale
    shade = lit(blurred(relief, 1.0 * scale, 1.0 * scale), canvas.light + rng.normal(0, 0.2))
    wear = np.clip(cloud(rng, canvas.height, canvas.width, 40 * scale, 60 * scale) * np.float32(0.25) + 1, 0.4, 1.8)
    strength = np.float32(rng.uniform(3.0, 6.0) * scale)
    canvas.reflectance *= np.clip(1 + shade * wear * strength, 0.25, 2.6)
    grit = cloud(rng, canvas.height, canvas.width, 2.5 * scale, 2.5 * scale) * relief
    canvas.reflectance *= np.clip(
        1 + grit * np.float32(rng.uniform(0.03, 0.2)) + relief * np.float32(rng.uniform(-0.1, 0.2)), 0.3, 2
    )
    if chance(rng, 0.5):
        rub = cloud(rng, canvas.height, canvas.width, 3 * scale, 14 * scale) + cloud(
            rng, canvas.height, canvas.width, 60 * scale, 90 * scale
        ) * np.float32(0.8)
        canvas.reflectance *= 1 + step(rub, rng.uniform(1.7, 2.3), 0.6) * np.float32(rng.uniform(0.3, 1.2))


def paint_lentils(rng: Random, canvas: Canvas) -> None:
    """Raised lentils in rows, leaning alternately left and right."""
    scale = canvas.scale
    pitch = rng.uniform(120, 150) * scale
    down = pitch * rng.uniform(0.48, 0.54)
    rows, columns = _coordinates(rng, canvas, pitch)
    line = np.floor(rows / down)
    odd = np.mod(line, 2).astype(np.float32)
    dy = np.mod(rows, down) - np.float32(down / 2)
    dx = np.mod(columns + odd * np.float32(pitch / 2), pitch) - np.float32(pitch / 2)
    lean = np.float32(rng.uniform(0.75, 0.95)) * (1 - 2 * odd)
    along = dx * np.cos(lean) + dy * np.sin(lean)
    across = dy * np.cos(lean) - dx * np.sin(lean)
    half = np.float32(rng.uniform(34, 40) * scale)
    thick = np.float32(rng.uniform(9, 12) * scale) * (1 - np.square(along / half))
    inside = np.minimum(np.clip((thick - np.abs(across)) / np.float32(4 * scale), 0, 1), 1)
    _emboss(rng, canvas, inside.astype(np.float32))


def paint_bars(rng: Random, canvas: Canvas) -> None:
    """Raised bars crossing to diamonds."""
    scale = canvas.scale
    wide, tall = rng.uniform(96, 108) * scale, rng.uniform(128, 148) * scale
    rows, columns = _coordinates(rng, canvas, wide)
    relief = np.zeros((canvas.height, canvas.width), dtype=np.float32)
    half = np.float32(rng.uniform(5, 8) * scale)
    squeeze = np.float32(1 / np.hypot(1 / wide, 1 / tall))
    for sign in (-1, 1):
        phase = columns / np.float32(wide) + sign * rows / np.float32(tall)
        distance = np.abs(np.mod(phase, 1) - np.float32(0.5)) * squeeze
        cv2.max(relief, np.clip((half - distance) / np.float32(3 * scale), 0, 1).astype(np.float32), dst=relief)
    _emboss(rng, canvas, relief)
