"""Marks people and handling leave: paint and chalk signs, bright splinters, a hair."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inspector.capture.simulator.canvas import Canvas
from inspector.capture.simulator.defects.place import column, row
from inspector.capture.simulator.noise import Random, blurred, chance, step

# Strokes of signs on a 2 by 4 grid, (x0, y0, x1, y1): the sprayed digits and letters of the real frames.
_SIGNS: tuple[tuple[tuple[float, float, float, float], ...], ...] = (
    ((0, 0, 0, 4), (2, 0, 2, 4), (0, 2, 2, 2)),
    ((0, 0, 0, 4), (0, 4, 2, 4), (2, 4, 2, 0)),
    ((0, 0, 2, 0), (2, 0, 2, 4), (0, 2, 2, 2)),
    ((1, 0, 1, 4),),
    ((0, 0, 0, 2), (0, 2, 2, 2), (2, 0, 2, 4)),
    ((0, 4, 2, 4), (0, 4, 0, 2), (0, 2, 2, 2), (2, 2, 2, 0), (2, 0, 0, 0)),
    ((0, 0, 2, 0), (2, 0, 2, 2), (2, 2, 0, 2), (0, 2, 0, 4), (0, 4, 2, 4)),
    ((0, 0, 0, 4), (2, 0, 2, 4), (0, 0, 2, 0), (0, 4, 2, 4)),
)


def paint_chalk(rng: Random, canvas: Canvas) -> None:
    """One or two sprayed signs: ragged white dabs, full or hollow, with spatter around them; white to faint."""
    scale = canvas.scale
    width, height = rng.uniform(130, 230) * scale, rng.uniform(200, 330) * scale
    x0, y0 = column(rng, canvas, width), rng.uniform(-0.6, 0.6) * canvas.height
    bright = rng.uniform(1.2, 3.2) if chance(rng, 0.8) else rng.uniform(0.2, 0.6)
    for number in range(int(rng.integers(1, 3))):
        window = canvas.window(x0 + number * width * 1.1, y0, width, height)
        dabs = np.zeros((window.height, window.width), dtype=np.uint8)
        _dab(rng, dabs, scale)
        soft = blurred(dabs.astype(np.float32) / np.float32(255), 2.2 * scale, 2.6 * scale)
        ragged = soft + window.cloud(rng, 6 * scale, 4 * scale) * np.float32(0.2) * (soft > 0.03)
        ragged += window.cloud(rng, 1.5 * scale, 1.5 * scale) * np.float32(0.1) * (soft > 0.03)
        full = step(ragged, 0.4, 0.12)
        if chance(rng, 0.6):
            # The paint ran off the middle of the dabs.
            hollow = step(ragged, rng.uniform(0.62, 0.85), 0.15)
            full = full * (1 - hollow * np.float32(rng.uniform(0.4, 1)))
        window.add(full * np.float32(bright))


def _dab(rng: Random, dabs: NDArray[np.uint8], scale: float) -> None:
    """Strokes of a sign as rows of dabs, and spatter, onto ``uint8 [height, width]``."""
    height, width = dabs.shape
    strokes = _SIGNS[int(rng.integers(len(_SIGNS)))]
    pad = 0.14
    gap = rng.uniform(6, 26) * scale
    for x0, y0, x1, y1 in strokes:
        start = np.array([pad + (1 - 2 * pad) * x0 / 2, pad + (1 - 2 * pad) * y0 / 4]) * (width, height)
        end = np.array([pad + (1 - 2 * pad) * x1 / 2, pad + (1 - 2 * pad) * y1 / 4]) * (width, height)
        count = max(2, int(np.linalg.norm(end - start) / gap))
        for share in np.linspace(0, 1, count):
            if chance(rng, 0.12):
                continue
            x, y = start + (end - start) * share + rng.normal(0, 3 * scale, 2)
            axes = (max(1, int(rng.uniform(3, 10) * scale)), max(1, int(rng.uniform(5, 20) * scale)))
            cv2.ellipse(dabs, (int(x), int(y)), axes, rng.uniform(-20, 20), 0, 360, 255, cv2.FILLED)
            for _ in range(int(rng.integers(0, 5))):
                away = rng.normal(0, 16 * scale, 2)
                cv2.circle(
                    dabs,
                    (int(x + away[0]), int(y + away[1])),
                    max(1, int(rng.uniform(0.8, 2.6) * scale)),
                    255,
                    cv2.FILLED,
                )


def paint_splinters(rng: Random, canvas: Canvas) -> None:
    """Bright dust and short splinters scattered over the strip, a few with a dark side."""
    scale = canvas.scale
    for _ in range(int(rng.integers(6, 60))):
        half = rng.uniform(0.5, 1.2) * scale
        length = (rng.uniform(4, 22) if chance(rng, 0.3) else rng.uniform(1, 3)) * scale
        size = 2 * length + 6
        window = canvas.window(column(rng, canvas, size), row(rng, canvas, size, 0), size, size)
        rows, columns = window.grid()
        angle = rng.uniform(0, np.pi)
        dx, dy = columns - np.float32(size / 2), rows - np.float32(size / 2)
        along = (dx * np.cos(angle) + dy * np.sin(angle)) / np.float32(length / 2)
        across = (dy * np.cos(angle) - dx * np.sin(angle)) / np.float32(max(half, 0.5))
        shape = np.exp(-np.power(along, 4) - np.square(across)).astype(np.float32)
        window.add(shape * np.float32(rng.uniform(0.3, 1.6)))


def paint_hair(rng: Random, canvas: Canvas) -> None:
    """A thin dark curl: a hair or a thread on the lens or the strip."""
    scale = canvas.scale
    size = rng.uniform(60, 150) * scale
    window = canvas.window(column(rng, canvas, size), row(rng, canvas, size, 0.1), size, size)
    layer = np.zeros((window.height, window.width), dtype=np.uint8)
    for _ in range(int(rng.integers(1, 3))):
        knots = rng.uniform(0.1, 0.9, (5, 2)) * size
        turn = np.linspace(0, 1, 60)[:, None]
        weights = (np.power(1 - turn, 4), 4 * turn * np.power(1 - turn, 3), 6 * np.square(turn * (1 - turn)))
        curve = sum(w * k for w, k in zip((*weights, 4 * turn**3 * (1 - turn), turn**4), knots, strict=True))
        points = np.round(np.asarray(curve) * 16).astype(np.int32)
        cv2.polylines(layer, [points[:, None, :]], False, 255, max(1, round(1.2 * scale)), cv2.LINE_AA, 4)
    window.multiply(1 - layer.astype(np.float32) / np.float32(255) * np.float32(rng.uniform(0.2, 0.6)))
