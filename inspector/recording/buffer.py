"""The memory of frames that wait for the disk: a circle of bytes, so that frames of any size share it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Region(NamedTuple):
    """A part of the memory. ``begin`` counts from the start of the recording on, not from the start of the memory."""

    begin: int
    size: int


class PixelBuffer:
    """Regions are released in the order in which they were reserved. Not thread-safe: its caller has a lock."""

    def __init__(self, size: int) -> None:
        """``size`` in bytes."""
        self._memory = np.empty(size, np.uint8)
        # Every page is touched here, or the camera's thread would wait for the kernel to clear it.
        self._memory.fill(0)
        self._head = self._tail = 0
        self.size = size

    @property
    def used(self) -> int:
        """Bytes that are reserved."""
        return self._head - self._tail

    def reserve(self, size: int) -> Region | None:
        """A region of ``size`` bytes; None where there is no room for it."""
        to_end = self.size - self._head % self.size
        begin = self._head if size <= to_end else self._head + to_end
        if size > self.size or begin + size - self._tail > self.size:
            return None
        self._head = begin + size
        return Region(begin, size)

    def release(self, region: Region) -> None:
        """Give back the oldest region that is reserved."""
        self._tail = region.begin + region.size

    def view(self, region: Region) -> NDArray[np.uint8]:
        """Its bytes, uint8 [size]. May be used without the lock."""
        begin = region.begin % self.size
        return self._memory[begin : begin + region.size]
