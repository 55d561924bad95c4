"""Light that is not the sheet's: glare on smooth patches, sparkling rough ones, wide lit bands."""

from __future__ import annotations

import cv2
import numpy as np

from inspector.capture.simulator.canvas import Canvas
from inspector.capture.simulator.noise import Random, chance, cloud, profile, step


def paint_glare(rng: Random, canvas: Canvas) -> None:
    """A region that mirrors the lamp: bright all over, or as glints on its ridges, to the point of white."""
    scale, height, width = canvas.scale, canvas.height, canvas.width
    across = profile(rng, width, rng.uniform(50, 250) * scale)[None, :]
    where = across + cloud(rng, height, width, 120 * scale, 60 * scale) * np.float32(0.5)
    down = np.linspace(-0.5, 1.0, height, dtype=np.float32)[:, None] * np.float32(rng.uniform(0, 0.8))
    region = step(where + down, rng.uniform(0.9, 1.6), rng.uniform(0.3, 1.2))
    glints = cloud(rng, height, width, rng.uniform(1.4, 2.6) * scale, rng.uniform(4, 14) * scale)
    sparkle = np.maximum(glints - np.float32(rng.uniform(0.5, 1.3)), 0) * np.float32(rng.uniform(0.4, 1.8))
    smooth = np.float32(rng.uniform(0.2, 1.0) if chance(rng, 0.4) else rng.uniform(0, 0.2))
    canvas.reflectance *= 1 + region * (smooth + sparkle)


def paint_lit_bands(rng: Random, canvas: Canvas) -> None:
    """One or two wide bands along the strip, brighter or darker, one side sharp and the other soft."""
    scale, height, width = canvas.scale, canvas.height, canvas.width
    columns = np.arange(width, dtype=np.float32)[None, :]
    for _ in range(int(rng.integers(1, 3))):
        lean = profile(rng, height, 150 * scale)[:, None] * np.float32(rng.uniform(0, 14) * scale)
        distance = columns - np.float32(rng.uniform(canvas.left, canvas.right)) - lean
        if chance(rng, 0.5):
            distance = -distance
        sharp = step(distance, 0, rng.uniform(2, 30) * scale)
        band = sharp * cv2.exp(np.minimum(-distance, 0) / np.float32(rng.uniform(20, 220) * scale))
        canvas.reflectance *= 1 + band * np.float32(
            rng.uniform(0.2, 0.9) if chance(rng, 0.55) else rng.uniform(-0.5, -0.2)
        )
