"""Chooses where a crop is cut: around a pixel of the class that it is to show, and never where everything is dark."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.training.augment import Grey, Pair

LEAST_LIT = 0.01
"""A window in which a smaller share of the pixels is lit is dark."""


def is_dark(frame: Grey, dark_level: int) -> bool:
    """Whether fewer than 1 % of the pixels are brighter than `dark_level`."""
    return bool((frame > dark_level).mean() < LEAST_LIT)


def crop_anywhere(pair: Pair, size: tuple[int, int], dark_level: int, rng: np.random.Generator) -> Pair | None:
    """A window of `size` (height, width) without a defect, all places that are not dark being equally likely.

    None if the frame has no such place.
    """
    frame, mask = pair
    allowed = _lit(frame, size, dark_level) & (_window_sums(mask > 0, size) == 0)
    return _cut(pair, size, allowed, (0, 0), rng)


def crop_on_class(pair: Pair, size: tuple[int, int], k: int, dark_level: int, rng: np.random.Generator) -> Pair | None:
    """A window of `size` (height, width) around one of the pixels of class `k`, chosen at random, and not dark.

    The pixel lies in the middle three quarters of the window where the frame's border allows it, so that the defect is
    not just touched. None if there is no such pixel, or only dark windows around it.
    """
    frame, mask = pair
    places = np.flatnonzero(mask & (1 << k))
    if not places.size:
        return None
    pixel = divmod(int(places[rng.integers(places.size)]), mask.shape[1])
    spans = [_starts(at, length, side) for at, length, side in zip(pixel, size, frame.shape, strict=True)]
    rows, columns = (slice(first, last + 1) for first, last in spans)
    allowed = _lit(frame, size, dark_level)[rows, columns]
    return _cut(pair, size, allowed, (rows.start, columns.start), rng)


def _starts(at: int, length: int, side: int) -> tuple[int, int]:
    """First and last start of a window along one side, so that it shows the pixel `at`."""
    margin = length // 8
    first, last = max(0, at - length + 1 + margin), min(side - length, at - margin)
    return min(first, side - length), max(last, 0)


def _lit(frame: Grey, size: tuple[int, int], dark_level: int) -> NDArray[np.bool_]:
    return _window_sums(frame > dark_level, size) >= LEAST_LIT * size[0] * size[1]


def _window_sums(pixels: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.int32]:
    """How many pixels are set in the window that starts at each place: `[H - h + 1, W - w + 1]`."""
    total = cv2.integral(np.ascontiguousarray(pixels).view(np.uint8)).astype(np.int32, copy=False)
    height, width = size
    sums: NDArray[np.int32] = (
        total[height:, width:] - total[:-height, width:] - total[height:, :-width] + total[:-height, :-width]
    )
    return sums


def _cut(
    pair: Pair, size: tuple[int, int], allowed: NDArray[np.bool_], origin: tuple[int, int], rng: np.random.Generator
) -> Pair | None:
    places = np.flatnonzero(allowed)
    if not places.size:
        return None
    row, column = divmod(int(places[rng.integers(places.size)]), allowed.shape[1])
    rows = slice(origin[0] + row, origin[0] + row + size[0])
    columns = slice(origin[1] + column, origin[1] + column + size[1])
    return pair[0][rows, columns], pair[1][rows, columns]
