"""A cheap look at a frame: brightness, contrast and sharpness of a few rows, and how the light lies over the frame.

Sixteen rows are read, 25,600 of 409,600 px at 256 x 1600. Pixels up to `DARK` count as background beyond the strip and not as sheet. Contrast and
sharpness are relative to the brightness, so that a dimmer lamp changes the brightness alone.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

ROWS = 16
"""Rows that are read, evenly spaced."""
BANDS, GROUPS = 4, 64
"""Tiles of a frame, down and across; fewer where it has fewer rows or columns."""
DARK = 10
"""Highest grey level of the background beyond the strip; the margins of real frames have 0 to 9."""

_LEVELS = np.arange(DARK + 1, 256, dtype=np.float64)
_SQUARES = _LEVELS * _LEVELS


class Look(NamedTuple):
    """Figures of one frame."""

    brightness: float
    """Mean grey level of the sheet."""
    contrast: float
    """Standard deviation of the grey levels, as a share of the brightness."""
    sharpness: float
    """Mean difference of neighbouring pixels along a row, as a share of the brightness."""
    tiles: NDArray[np.float32]
    """Mean grey level of each tile, float32 ``[bands, groups]``."""
    first: int
    """First group of columns that lies entirely on the sheet."""
    stop: int
    """The group after the last of them."""
    columns: NDArray[np.float32]
    """Mean grey level of each column, float32 ``[W]``."""


def tile_counts(height: int, width: int) -> tuple[int, int]:
    """Bands and groups of a frame of that size."""
    return min(BANDS, height), min(GROUPS, width)


def look(pixels: NDArray[np.uint8]) -> Look | None:
    """Figures of a frame, uint8 ``[H, W]``; None where none of its sheet is seen."""
    height, width = pixels.shape
    step = max(1, height // ROWS)
    rows = pixels[step // 2 :: step][:ROWS]
    histogram = cv2.calcHist([rows], [0], None, [256], [0, 256]).ravel()[DARK + 1 :].astype(np.float64)
    lit = float(histogram.sum())
    if not lit:
        return None
    brightness = float(histogram @ _LEVELS) / lit
    variance = max(0.0, float(histogram @ _SQUARES) / lit - brightness * brightness)
    steps = cv2.norm(rows[:, 1:], rows[:, :-1], cv2.NORM_L1) if width > 1 else 0.0
    bands, groups = tile_counts(height, width)
    tiles = np.asarray(cv2.resize(rows, (groups, bands), interpolation=cv2.INTER_AREA), dtype=np.float32)
    on_sheet = np.flatnonzero(tiles.max(axis=0) > DARK)
    if not len(on_sheet):
        return None
    first, last = int(on_sheet[0]), int(on_sheet[-1])
    # The outermost groups of a strip that ends in the frame are partly background.
    first, last = first + (first > 0), last - (last < groups - 1)
    columns = np.asarray(cv2.reduce(rows, 0, cv2.REDUCE_AVG, dtype=cv2.CV_32F), dtype=np.float32).ravel()
    contrast, sharpness = math.sqrt(variance) / brightness, steps / lit / brightness
    return Look(brightness, contrast, sharpness, tiles, first, max(first, last + 1), columns)
