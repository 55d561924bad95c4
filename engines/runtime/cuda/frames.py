"""The frames of a line on the device: memory of the same size as the adopted planes, with a place for each slot.

A frame is copied to its place once, with the gate's batch, directly from the memory that a camera wrote; the segmenter reads it there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engines.runtime.cuda.device import Device, DeviceMemory


class DeviceFrames:
    """Device memory for the adopted planes; none before ``adopt``."""

    def __init__(self, device: Device, direct: bool) -> None:
        """``direct``: page-lock the adopted planes, so that copies need no staging buffer."""
        self._device = device
        self._direct = direct
        self._memory: DeviceMemory | None = None
        self._locked: list[NDArray[np.uint8]] = []
        self._planes: tuple[NDArray[np.uint8], ...] = ()
        self._base = self._end = self._masks = self._masks_end = 0

    def adopt(self, frames: NDArray[np.uint8], masks: NDArray[np.uint8]) -> None:
        """See ``engines.runtime.engine.Engines.adopt``."""
        self.release()
        self._memory = self._device.memory(frames.nbytes, "frame ring")
        self._base, self._end = _span(frames)
        if self._direct:
            for plane in (frames, masks):
                self._device.lock(plane)
                self._locked.append(plane)
            self._masks, self._masks_end = _span(masks)
        self._planes = (frames, masks)  # kept alive, so that no other frame gets their addresses

    def address_of(self, frame: NDArray[np.uint8]) -> int | None:
        """Device address for the frame; None for a frame outside the adopted planes."""
        address = _address(frame)
        if self._memory is None or not self._base <= address < self._end:
            return None
        return self._memory.address + address - self._base

    @property
    def direct(self) -> bool:
        """Whether adopted frames are copied without a staging buffer."""
        return bool(self._locked)

    def is_direct(self, mask: NDArray[np.uint8]) -> bool:
        """Whether this mask can be copied to without a staging buffer."""
        return self._masks <= _address(mask) < self._masks_end

    def release(self) -> None:
        """Release the planes. No copy may be in progress."""
        for plane in self._locked:
            self._device.unlock(plane)
        self._locked = []
        self._planes = ()
        self._base = self._end = self._masks = self._masks_end = 0
        if self._memory is not None:
            self._memory.free()
            self._memory = None


def _address(array: NDArray[np.uint8]) -> int:
    return int(array.__array_interface__["data"][0])


def _span(plane: NDArray[np.uint8]) -> tuple[int, int]:
    begin = _address(plane)
    return begin, begin + plane.nbytes
