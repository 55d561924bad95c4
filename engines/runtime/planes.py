"""Memory for frames that begins on a page, as a ring's does: so that a device can take it over."""

from __future__ import annotations

import mmap

import numpy as np
from numpy.typing import NDArray


def page_aligned(count: int, height: int, width: int) -> NDArray[np.uint8]:
    """Zeroed frames, uint8 [count, H, W], behind each other."""
    memory = mmap.mmap(-1, count * height * width)
    return np.frombuffer(memory, np.uint8).reshape(count, height, width)
