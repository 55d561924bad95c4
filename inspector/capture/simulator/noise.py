"""Random numbers and random fields, of which everything on a sheet is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
Random = np.random.Generator

_QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


def stream(seed: int, index: int, purpose: int) -> Random:
    """The random numbers of one purpose on sheet ``index``: independent of every other sheet and purpose."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, index, purpose])))


def percentile_draw(rng: Random, percentiles: Sequence[float]) -> float:
    """A value whose percentiles 5, 25, 50, 75, 95 are the given ones, linear between them."""
    p5, p25, p50, p75, p95 = percentiles
    ends = (max(0.6 * p5, p5 - (p25 - p5)), p5, p25, p50, p75, p95, p95 + 0.3 * (p95 - p75))
    return float(np.interp(rng.random(), _QUANTILES, ends))


def chance(rng: Random, share: float) -> bool:
    """True in ``share`` of the draws."""
    return bool(rng.random() < share)


def white(rng: Random, height: int, width: int) -> Field:
    """White noise ``float32 [height, width]``, deviation 1."""
    return rng.standard_normal((height, width), dtype=np.float32)


def cloud(rng: Random, height: int, width: int, cell_y: float, cell_x: float) -> Field:
    """Smooth Gaussian noise ``float32 [height, width]`` of deviation 1 whose features are about ``cell_y`` by ``cell_x`` px."""
    step_y, step_x = max(cell_y / 3, 1.0), max(cell_x / 3, 1.0)
    # Smoothed on a grid of a third of a feature and then spread, so that no trace of the grid is left.
    kernel_y, kernel_x = _bell(0.45 * cell_y / step_y), _bell(0.45 * cell_x / step_x)
    grid = white(rng, int(height / step_y) + 6, int(width / step_x) + 6)
    smooth = cv2.sepFilter2D(grid, cv2.CV_32F, kernel_x, kernel_y)
    if step_y == 1 and step_x == 1:
        return np.asarray(smooth[3 : height + 3, 3 : width + 3], dtype=np.float32)
    offset_y, offset_x = rng.random(2) + 1.5
    place = np.array([[1 / step_x, 0, offset_x], [0, 1 / step_y, offset_y]], dtype=np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    spread = cv2.warpAffine(smooth, place, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(spread, dtype=np.float32)


def _bell(sigma: float) -> NDArray[np.float64]:
    """A Gaussian kernel that keeps the deviation of white noise."""
    kernel = cv2.getGaussianKernel(2 * max(1, round(2.5 * sigma)) + 1, max(sigma, 0.15), cv2.CV_64F)
    return np.asarray(kernel / np.sqrt(np.square(kernel).sum()), dtype=np.float64)


def profile(rng: Random, length: int, cell: float) -> Field:
    """Smooth noise ``float32 [length]`` of deviation about 1 whose features are about ``cell`` px long."""
    size = max(cell, 1.0)
    grid = rng.standard_normal(int(length / size) + 5, dtype=np.float32)
    place = np.arange(length, dtype=np.float32) / np.float32(size) + np.float32(rng.random() + 1)
    knot = place.astype(np.int32)
    t = place - knot
    before, here, after, last = (grid[knot + k] for k in (-1, 0, 1, 2))
    # Catmull-Rom: through every knot, without corners.
    bend = (2 * before - 5 * here + 4 * after - last) * t + (3 * (here - after) + last - before) * t * t
    curve = here + np.float32(0.5) * t * (after - before + bend)
    return np.asarray(curve * np.float32(1.25), dtype=np.float32)


def blurred(field: Field, sigma_x: float, sigma_y: float) -> Field:
    """``field`` after a Gaussian blur; a sigma below 0.2 px leaves that direction as it is."""
    if sigma_x < 0.2 and sigma_y < 0.2:
        return field
    width, height = (1 if s < 0.2 else 2 * round(3 * s) + 1 for s in (sigma_x, sigma_y))
    soft = cv2.GaussianBlur(field, (width, height), sigmaX=max(sigma_x, 1e-3), sigmaY=max(sigma_y, 1e-3))
    return np.asarray(soft, dtype=np.float32)


def step(field: NDArray[np.floating[Any]], threshold: float | Field, softness: float) -> Field:
    """0 below ``threshold``, 1 above it, linear over ``softness`` in between."""
    ramp = (field - threshold) / np.float32(softness) + np.float32(0.5)
    return np.asarray(np.clip(ramp, 0, 1), dtype=np.float32)


def lit(height_map: Field, angle: float) -> Field:
    """Brightness change of a relief under light grazing from ``angle`` (radians, 0 from the right, pi/2 from below)."""
    slope_x = cv2.Sobel(height_map, cv2.CV_32F, 1, 0, ksize=3, scale=0.125)
    slope_y = cv2.Sobel(height_map, cv2.CV_32F, 0, 1, ksize=3, scale=0.125)
    lit_slope = -(np.float32(np.cos(angle)) * slope_x + np.float32(np.sin(angle)) * slope_y)
    return np.asarray(lit_slope, dtype=np.float32)
