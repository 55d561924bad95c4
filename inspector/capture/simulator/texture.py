"""The rolled surface: grain, longitudinal streaks, rolling ridges and broad bands. The strip runs along the columns."""

from __future__ import annotations

import cv2
import numpy as np

from inspector.capture.simulator import statistics as real
from inspector.capture.simulator.noise import Field, Random, blurred, chance, cloud, profile, white


def rolled_surface(rng: Random, height: int, width: int, scale: float) -> Field:
    """Reflectance ``float32 [height, width]`` of a clean sheet, mean about 1."""
    roughness = rng.uniform(*real.GRAIN_DEVIATION)
    shares = rng.dirichlet((4.0, 1.5, 0.9)).astype(np.float32)
    total = np.sqrt(np.square(shares).sum())
    grain, streak, ridge = (float(roughness * s / total) for s in shares)
    log_level = _grain(rng, height, width) * np.float32(grain)
    log_level += _streaks(rng, height, width, scale) * np.float32(streak)
    log_level += _ridges(rng, height, width, scale) * np.float32(ridge)
    # The roughness itself comes in patches: smooth and rough bands lie side by side on the real strip.
    log_level *= cv2.exp(cloud(rng, height, width, 200 * scale, rng.uniform(40, 200) * scale) * np.float32(0.3))
    log_level += bands(rng, height, width, scale)
    surface = cv2.exp(log_level)
    if chance(rng, 0.3):
        # Sparkle: only the tops of the grain mirror the lamp.
        tops = np.maximum(log_level - np.float32(1.5 * roughness), 0)
        surface += tops * np.float32(rng.uniform(0.4, 2.4))
    return np.asarray(surface, dtype=np.float32)


def _grain(rng: Random, height: int, width: int) -> Field:
    """Isotropic grain, deviation 1: neighbouring px of the real frames correlate by 0.5 to 0.9."""
    sigma = rng.uniform(0.4, 0.9)
    grain = blurred(white(rng, height, width), sigma * rng.uniform(0.85, 1.3), sigma * rng.uniform(0.8, 1.3))
    return np.asarray(grain / grain.std(), dtype=np.float32)


def _streaks(rng: Random, height: int, width: int, scale: float) -> Field:
    """Fine streaks along the strip, deviation about 1."""
    fine = cloud(rng, height, width, rng.uniform(8, 30) * scale, 1.0)
    wide = cloud(rng, height, width, rng.uniform(20, 90) * scale, rng.uniform(2, 5) * scale)
    return np.asarray(fine * np.float32(0.8) + wide * np.float32(0.6), dtype=np.float32)


def _ridges(rng: Random, height: int, width: int, scale: float) -> Field:
    """Rolling ridges across the strip, slightly slanted and bent, in patches; deviation about 1."""
    ridge = cloud(rng, height, width, rng.uniform(1.6, 4.5) * scale, rng.uniform(7, 28) * scale)
    slant = rng.uniform(-0.06, 0.06)
    place = np.array([[1, 0, 0], [slant, 1, -slant * width / 2]], dtype=np.float32)
    bent = cv2.warpAffine(ridge, place, (width, height), borderMode=cv2.BORDER_REFLECT_101)
    patches = cloud(rng, height, width, 250 * scale, 180 * scale)
    return np.asarray(bent * np.clip(patches * np.float32(0.8) + np.float32(0.7), 0, 2), dtype=np.float32)


def bands(rng: Random, height: int, width: int, scale: float) -> Field:
    """Bands along the strip from hundreds of px down to single columns, as log-brightness."""
    strength = rng.uniform(*real.COLUMN_DEVIATION)
    across = profile(rng, width, 300 * scale) * np.float32(0.25) + profile(rng, width, 110 * scale) * np.float32(0.25)
    across += profile(rng, width, 35 * scale) * np.float32(0.12) + profile(rng, width, 12 * scale) * np.float32(0.08)
    across += profile(rng, width, 1.5 * scale) * np.float32(rng.uniform(0.03, 0.1))
    field = np.repeat(across[None, :], height, axis=0)
    field += cloud(rng, height, width, 300 * scale, 60 * scale) * np.float32(0.2)
    field += cloud(rng, height, width, 90 * scale, 25 * scale) * np.float32(0.06)
    if chance(rng, 0.3):
        field += _arcs(rng, height, width, scale)
    return np.asarray(field * np.float32(strength), dtype=np.float32)


def _arcs(rng: Random, height: int, width: int, scale: float) -> Field:
    """Wide arcs that cross the strip, left by the coolant or by the coil's own bending."""
    radius = rng.uniform(2.0, 8) * height
    centre_x, centre_y = rng.uniform(0, width), (-radius if chance(rng, 0.5) else radius + height) * 0.6
    rows = np.arange(height, dtype=np.float32)[:, None] - np.float32(centre_y)
    columns = np.arange(width, dtype=np.float32)[None, :] - np.float32(centre_x)
    distance = np.sqrt(rows * rows + columns * columns)
    waves = profile(rng, int(distance.max()) + 2, rng.uniform(40, 120) * scale)
    if chance(rng, 0.25):
        waves = np.tanh(waves * 40) * np.float32(0.5)
    return np.asarray(waves[distance.astype(np.int32)] * np.float32(0.6), dtype=np.float32)
