"""The lamp and the lens: a bright lower edge, a slow bump across the frame, blur and sensor noise."""

from __future__ import annotations

import cv2
import numpy as np

from inspector.capture.simulator import statistics as real
from inspector.capture.simulator.noise import Field, Random, blurred, chance, profile, white


def illumination(rng: Random, height: int, width: int, scale: float) -> Field:
    """Light on the strip, ``float32 [height, width]``, mean about 1."""
    gradient = float(np.clip(rng.normal(*real.VERTICAL_GRADIENT), 0.05, 0.9))
    rows = np.linspace(-0.5, 0.5, height, dtype=np.float32)
    bend = np.float32(rng.uniform(-0.15, 0.35))
    down = 1 + np.float32(gradient) * (rows + bend * (rows * rows - np.float32(1 / 12)))
    across = profile(rng, width, rng.uniform(350, 900) * scale) * np.float32(rng.uniform(0.05, 0.2))
    across += np.linspace(-1, 1, width, dtype=np.float32) * np.float32(rng.normal(0, 0.08))
    light = np.outer(down, np.exp(across))
    if chance(rng, 0.03):
        # The lower rows look straight into the lamp.
        glare = np.clip((rows - np.float32(rng.uniform(0.25, 0.45))) * np.float32(scale * 40), 0, 1)
        light *= 1 + np.outer(glare, np.ones(width, dtype=np.float32)) * np.float32(rng.uniform(0.5, 1.5))
    return np.asarray(light, dtype=np.float32)


def expose(rng: Random, scene: Field) -> Field:
    """The scene in grey levels as lens and sensor see it, before rounding. ``scene``: ``float32 [H, W]``, 255 = white."""
    soft = blurred(scene, *(2 * [rng.uniform(0.2, 0.45)]))
    noise = white(rng, *scene.shape) * np.float32(rng.uniform(0.5, 1.0))
    # Shot noise grows with the root of the light.
    noise *= np.sqrt(np.maximum(soft, 1) * np.float32(1 / 60))
    return np.asarray(cv2.add(soft, noise), dtype=np.float32)
