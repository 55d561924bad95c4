"""Kaggle's run lengths: column-major, 1-based `start length` pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def decode_run_lengths(encoded: str, height: int, width: int) -> NDArray[np.bool_]:
    """The mask `[height, width]` of one `EncodedPixels` cell; an empty cell is an empty mask.

    Raises ValueError for an odd count, a run outside the frame, or runs that overlap or are out of order.
    """
    numbers = np.array(encoded.split(), dtype=np.int64)
    if numbers.size % 2:
        raise ValueError(f"run lengths: found {numbers.size} numbers, expected pairs of start and length")
    starts, lengths = numbers[0::2] - 1, numbers[1::2]
    ends = starts + lengths
    if numbers.size and (starts.min() < 0 or lengths.min() < 1 or ends.max() > height * width):
        raise ValueError(f"run lengths: a run leaves the frame of {height}x{width} px")
    if (starts[1:] < ends[:-1]).any():
        raise ValueError("run lengths: runs overlap or are out of order")
    flat = np.zeros(height * width, dtype=bool)
    for start, end in zip(starts, ends, strict=True):
        flat[start:end] = True
    return flat.reshape((height, width), order="F")
