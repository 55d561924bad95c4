"""Length and width of a region: the sides of the smallest rotated rectangle around its pixels.

A pixel is a square, not a point: one pixel is 1 x 1, a row of n is n x 1, a diagonal of n is ``n * sqrt(2)`` by ``sqrt(2)``.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def pixel_hull(y: NDArray[np.int64], x: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.float32]:
    """Convex hull of the pixel squares of a region, from its runs in row order: ``[n, 2]`` corners x, y.

    A run is the pixels of row ``y`` from column ``x`` up to ``end``, without it. Corners are relative to the first run's
    ``x`` and ``y``, which keeps them small enough for float32 to be exact.
    """
    row_starts = np.concatenate(([0], np.flatnonzero(np.diff(y)) + 1))
    row_ends = np.concatenate((row_starts[1:], [len(y)])) - 1
    row = y[row_starts] - y[0]
    # The hull's corners are row ends. Of each end both corners of the pixel: at the row's upper and at its lower edge.
    corners = np.empty((2, 2, len(row), 2), dtype=np.int32)
    corners[0, :, :, 0] = x[row_starts] - x[0]
    corners[1, :, :, 0] = end[row_ends] - x[0]
    corners[:, 0, :, 1] = row
    corners[:, 1, :, 1] = row + 1
    return cv2.convexHull(corners.reshape(-1, 2)).reshape(-1, 2).astype(np.float32)


def smallest_rectangle(hull: NDArray[np.float32]) -> tuple[float, float]:
    """Longer and shorter side of the smallest rectangle around a convex polygon (``[n, 2]``, n >= 3), in its units.

    The rectangle of smallest area, by rotating calipers (Toussaint, "Solving geometric problems with the rotating
    calipers", IEEE MELECON 1983).
    """
    _, (first, second), _ = cv2.minAreaRect(hull)
    return max(first, second), min(first, second)
