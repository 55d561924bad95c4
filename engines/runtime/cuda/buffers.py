"""The memory layout of a network's outputs, and the buffers of each batch in flight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.runtime.cuda.device import DeviceMemory

_ALIGNMENT = 256
"""Bytes; device addresses that networks are bound to are multiples of it."""


@dataclass(frozen=True)
class OutputLayout:
    """A network's outputs in one block of memory: first the small ones, each for a full batch, then the masks."""

    small: Mapping[str, tuple[tuple[int, ...], Any]]
    """Shape per frame and dtype of each output but the mask, by name."""
    mask: bool
    """Whether there is a mask, uint8 [H, W] per frame."""
    max_batch: int

    @property
    def offsets(self) -> dict[str, int]:
        """Where each small output begins, bytes."""
        offsets, end = {}, 0
        for name in self.small:
            offsets[name] = end
            end += self._aligned_size(name)
        return offsets

    @property
    def small_bytes(self) -> int:
        """Size of all small outputs, and where the masks begin."""
        return sum(self._aligned_size(name) for name in self.small)

    def views(self, memory: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        """The small outputs of a full batch as arrays [max_batch, ...] in host memory of ``small_bytes``."""
        views = {}
        for name, begin in self.offsets.items():
            shape, dtype = self.small[name]
            views[name] = memory[begin : begin + self._size(name)].view(dtype).reshape(self.max_batch, *shape)
        return views

    def _size(self, name: str) -> int:
        shape, dtype = self.small[name]
        return int(self.max_batch * np.prod(shape, dtype=int) * np.dtype(dtype).itemsize)

    def _aligned_size(self, name: str) -> int:
        return -(-self._size(name) // _ALIGNMENT) * _ALIGNMENT


@dataclass
class BufferSet:
    """The buffers and events of one batch in flight."""

    frames: DeviceMemory
    """On the device: frames from outside the adopted planes."""
    outputs: DeviceMemory
    """On the device: a copy of the network's outputs."""
    small: NDArray[np.uint8]
    """On the host, page-locked: the small outputs."""
    views: Mapping[str, NDArray[Any]]
    """The same as arrays, by name."""
    uploaded: Any
    """Event: the frames are on the device."""
    computed: Any
    """Event: the outputs were copied to ``outputs``."""
    finished: Any
    """Event: everything is on the host."""
    staging: NDArray[np.uint8] | None = None
    """On the host, page-locked: frames and masks, [2, batch, H, W]; allocated at the first use."""
