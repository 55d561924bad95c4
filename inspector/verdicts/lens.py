"""Areas and outlines of regions as they would be without the distortion of the lens, for ``numpy_pass`` (``_native.c`` has the same), and by how
much they grow at most."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.distortion import Distortion
from inspector.config.calibrated_scale import CalibratedScale
from inspector.config.verdicts import Scale

_GAUSS = ((-np.sqrt(0.6), 5 / 9), (0.0, 8 / 9), (np.sqrt(0.6), 5 / 9))
"""Places and weights of Gauss's rule of three points, from -1 to 1."""


def corrected_area(lens: Distortion, y: NDArray[np.int64], x: NDArray[np.int64], end: NDArray[np.int64]) -> float:
    """Area in corrected px2 of the runs of a region: the pixels of row ``y`` from column ``x`` up to ``end``, without it."""
    half, middle, row = (end - x) / 2, (x + end - 1) / 2, y.astype(np.float64)
    area = 0.0
    for place, weight in _GAUSS:
        outward, around = lens.stretch(middle + place * half, row)
        area += float((weight * half * outward * around).sum())
    return area


def corrected_hull(
    lens: Distortion, y: NDArray[np.int64], x: NDArray[np.int64], end: NDArray[np.int64], mm_per_px: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Hull of a region where it belongs, mm, from its middle, ``[n, 2]``; its runs are given as to ``corrected_area``, in row order.

    That of the region as it is seen would not do: what is straight on the sheet is seen bent, and the hull of a bent scratch is wide. The
    outermost pixels of each row and of each column are enough."""
    begins = np.concatenate(([0], np.flatnonzero(np.diff(y)) + 1))
    ends = np.concatenate((begins[1:], [len(y)])) - 1
    rows = y[begins]
    length = end - x
    pixel_y = np.repeat(y, length)
    pixel_x = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length) + np.repeat(x, length)
    left, count = int(pixel_x.min()), int(np.ptp(pixel_x)) + 1
    top, bottom = np.full(count, np.iinfo(np.int64).max), np.zeros(count, np.int64)
    np.minimum.at(top, pixel_x - left, pixel_y)
    np.maximum.at(bottom, pixel_x - left, pixel_y + 1)
    columns = np.arange(left, left + count)
    at_rows = [(side, rows + more) for side in (x[begins], end[ends]) for more in (0, 1)]
    at_columns = [(columns + more, side) for side in (top, bottom) for more in (0, 1)]
    # The middle of the first pixel is (0, 0), its corner half a pixel before.
    seen_x, seen_y = (np.concatenate(one) - 0.5 for one in zip(*at_rows, *at_columns, strict=True))
    right = np.stack(lens.corrected(seen_x, seen_y), axis=1) * mm_per_px
    corners = cv2.convexHull((right - right.mean(axis=0)).astype(np.float32))
    return np.asarray(corners, np.float32).reshape(-1, 2)


def most_growth(scale: Scale | None) -> tuple[float, float]:
    """By how much a length and an area grow at most, anywhere on the frame, when the lens is corrected: 1 and 1 without a distortion."""
    # A shift or a change of the size of all of the frame changes none of it.
    return _most_growth(scale.whole or scale) if isinstance(scale, CalibratedScale) else (1.0, 1.0)


@cache
def _most_growth(scale: CalibratedScale) -> tuple[float, float]:
    if scale.lens is None:
        return 1.0, 1.0
    x, y = np.meshgrid(np.linspace(-0.5, scale.width - 0.5, 65), np.linspace(-0.5, scale.height - 0.5, 65))
    outward, around = scale.lens.stretch(x, y)
    # A little more, because the greatest may lie between the places.
    return 1.001 * float(np.maximum(outward, around).max()), 1.001 * float((outward * around).max())
