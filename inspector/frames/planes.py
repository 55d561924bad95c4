"""Shared-memory planes of pixels, one for each slot of the ring: the frames, and the masks that one child writes.

A window is a part of a plane, ``(slot, offset)``, of the size its reader works on: a child reads windows of its bundle's frame size,
whatever the camera's frames are. Mostly a window is a whole frame; of a frame that is cut into tiles each is one, at its own offset.
"""

from __future__ import annotations

import mmap
import os
import weakref
from collections.abc import Callable
from multiprocessing import reduction
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inspector.errors import UserError
from inspector.frames.size import FrameSize

Window: TypeAlias = tuple[int, int]
"""Where a frame, or a part of one, begins: slot, and pixels from the beginning of the slot's plane. Its size is known to
the reader. It is a plain tuple because several are made for every frame."""


class SharedPlanes:
    """Planes of equal size in memory that several processes share.

    The memory is an anonymous file: it has no name that could clash or be left behind, and is gone with the last process that maps it,
    however that process ends. An instance travels to a child process as an argument of the process (spawn).
    """

    def __init__(self, fd: int, slots: int, plane_bytes: int) -> None:
        """Map the memory of file descriptor ``fd``, which this instance owns from now on."""
        self._fd = fd
        mapped = mmap.mmap(fd, slots * plane_bytes)
        self._let_go = weakref.finalize(self, os.close, fd)
        self.array: NDArray[np.uint8] = np.ndarray((slots, plane_bytes), np.uint8, mapped)
        """uint8 [slots, bytes of a plane], C-contiguous, beginning on a memory page."""
        self._frames: dict[FrameSize, NDArray[np.uint8]] = {}
        """The frames at the beginning of all planes, uint8 [slots, H, W], by their size."""

    @classmethod
    def create(cls, slots: int, frame: FrameSize) -> SharedPlanes:
        """New memory, zeroed, each plane large enough for a frame. Raises UserError where the machine has not enough memory."""
        plane_bytes = -(-frame.pixels // mmap.PAGESIZE) * mmap.PAGESIZE
        size = slots * plane_bytes
        fd = os.memfd_create("inspector-planes")
        try:
            # Reserves the pages now: a lack of memory is an error here, not a bus error in the middle of a run.
            os.posix_fallocate(fd, 0, size)
            return cls(fd, slots, plane_bytes)
        except OSError as error:
            os.close(fd)
            raise UserError(
                f"ring.slots: {slots} slots of {frame} need {size >> 20} MiB of shared memory, "
                f"which this machine does not give ({error.strerror}); use fewer slots"
            ) from None

    def view(self, window: Window, size: FrameSize) -> NDArray[np.uint8]:
        """The pixels of a window, uint8 [H, W], C-contiguous; not a copy. Raises ValueError for one that leaves its plane."""
        slot, offset = window
        if offset:
            return self.array[slot, offset : offset + size.pixels].reshape(size)
        frames = self._frames.get(size)
        if frames is None:
            if size.pixels > self.array.shape[1]:
                raise ValueError(f"a frame of {size} does not fit into planes of {self.array.shape[1]} bytes")
            frames = self._frames[size] = self.array[:, : size.pixels].reshape(-1, *size)
        return frames[slot]  # type: ignore[no-any-return]

    def __reduce__(self) -> tuple[Callable[..., SharedPlanes], tuple[Any, ...]]:
        return _rebuild, (reduction.DupFd(self._fd), *self.array.shape)

    def close(self) -> None:
        """Release the memory; it is unmapped when the last view of it is deleted. Deleting the instance does the same."""
        if self._let_go.alive:
            del self.array, self._frames
            self._let_go()


def _rebuild(duplicate: Any, slots: int, plane_bytes: int) -> SharedPlanes:
    return SharedPlanes(duplicate.detach(), slots, plane_bytes)
