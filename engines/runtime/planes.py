"""Page-aligned memory for frames within one process, which a GPU can page-lock. The line's frame ring is shared by
processes and is not made here."""

from __future__ import annotations

import mmap

import numpy as np
from numpy.typing import NDArray


def page_aligned(count: int, height: int, width: int) -> NDArray[np.uint8]:
    """Zeroed frames, uint8 [count, H, W], C-contiguous."""
    memory = mmap.mmap(-1, count * height * width)
    return np.frombuffer(memory, np.uint8).reshape(count, height, width)
