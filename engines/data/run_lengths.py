"""The run lengths of the Kaggle set: pairs of start and length, pixels counted from 1 down the columns.

Pixel 1 is the top left one, pixel 2 the one below it (https://www.kaggle.com/c/severstal-steel-defect-detection, Evaluation).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Runs = NDArray[np.int64]
"""``int64 [n, 2]``: start (from 1) and length of each run, by rising start."""


def parse_runs(text: str, pixel_count: int) -> Runs:
    """The runs in ``text`` (``"start length start length ..."``, any order, possibly none), checked.

    Raises ValueError, in one line, for what is no number, an odd count, a run outside ``1..pixel_count`` and for overlaps.
    """
    words = text.split()
    wrong = next((word for word in words if not (word.isascii() and word.isdecimal() and len(word) < 16)), None)
    if wrong is not None:
        raise ValueError(f"{wrong[:20]!r} is no whole number")
    if len(words) % 2:
        raise ValueError(f"{len(words)} numbers; expected pairs of start and length")
    runs = np.array(words, dtype=np.int64).reshape(-1, 2)
    runs = runs[np.argsort(runs[:, 0], kind="stable")]
    starts, lengths = runs[:, 0], runs[:, 1]
    outside = (starts < 1) | (lengths < 1) | (starts + lengths - 1 > pixel_count)
    if outside.any():
        start, length = runs[int(np.argmax(outside))]
        raise ValueError(f"the run {start} {length} lies outside the pixels 1..{pixel_count} of a frame")
    overlapping = starts[:-1] + lengths[:-1] > starts[1:]
    if overlapping.any():
        first = int(np.argmax(overlapping))
        raise ValueError(
            f"the runs {starts[first]} {lengths[first]} and {starts[first + 1]} {lengths[first + 1]} overlap"
        )
    return runs


def draw_runs(runs: Runs, height: int, width: int) -> NDArray[np.bool_]:
    """``bool [height, width]``, true inside the runs."""
    inside = np.zeros(height * width, dtype=np.bool_)
    for start, length in runs.tolist():
        inside[start - 1 : start - 1 + length] = True
    return np.ascontiguousarray(inside.reshape(width, height).T)


def decode_run_lengths(encoded: str, height: int, width: int) -> NDArray[np.bool_]:
    """The mask ``bool [height, width]`` of one ``EncodedPixels`` cell; an empty cell is an empty mask.

    Raises ValueError, as :func:`parse_runs` does.
    """
    return draw_runs(parse_runs(encoded, height * width), height, width)


def encode_run_lengths(region: NDArray[np.bool_]) -> str:
    """The ``EncodedPixels`` cell of a mask ``bool [H, W]``; empty for an empty mask."""
    flat = np.concatenate([[False], np.asarray(region, dtype=np.bool_).T.ravel(), [False]])
    starts, stops = np.flatnonzero(np.diff(flat.astype(np.int8))).reshape(-1, 2).T
    return " ".join(f"{start + 1} {stop - start}" for start, stop in zip(starts, stops, strict=True))
