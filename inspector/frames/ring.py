"""The frame ring: shared memory that cameras write, the inference child reads, and pixels never leave.

A slot is two planes of the frame's size: the frame, written once at capture, and the class bitmask, written by the segmenter. Only
slot numbers travel between processes. The parent owns every slot's life; the child writes masks of the slots it was handed.
"""

from __future__ import annotations

import mmap
import os
import threading
from collections.abc import Callable
from multiprocessing import reduction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.errors import UserError


class RingMemory:
    """The planes of a ring, as both processes see them.

    The memory is an anonymous file: it has no name that could clash or be left behind, and is gone with the last process that maps it,
    however that process ends. An instance travels to a child process as an argument of the process (spawn).
    """

    def __init__(self, fd: int, slots: int, height: int, width: int) -> None:
        """Map the memory behind ``fd``, which this instance owns from now on."""
        self._fd = fd
        self._shape = (slots, height, width)
        masks_at = _page_aligned(slots * height * width)
        mapped = mmap.mmap(fd, 2 * masks_at)
        self.frames: NDArray[np.uint8] = np.ndarray(self._shape, np.uint8, mapped)
        """uint8 [slots, H, W]."""
        self.masks: NDArray[np.uint8] = np.ndarray(self._shape, np.uint8, mapped, offset=masks_at)
        """uint8 [slots, H, W], bit k = class k."""

    @classmethod
    def create(cls, slots: int, height: int, width: int) -> RingMemory:
        """New memory, zeroed. Raises UserError where the machine has not that much."""
        size = 2 * _page_aligned(slots * height * width)
        fd = os.memfd_create("inspector-ring")
        try:
            # Claims the pages now: a machine that lacks them says so here, not by a bus error in the middle of a run.
            os.posix_fallocate(fd, 0, size)
            return cls(fd, slots, height, width)
        except OSError as error:
            os.close(fd)
            raise UserError(
                f"ring.slots: {slots} slots of {height}x{width} need {size >> 20} MiB of shared memory, "
                f"which this machine does not give ({error.strerror}); use fewer slots"
            ) from None

    def __reduce__(self) -> tuple[Callable[..., RingMemory], tuple[Any, ...]]:
        return _rebuild, (reduction.DupFd(self._fd), *self._shape)

    def close(self) -> None:
        """Let go of the memory. It is unmapped when the last view of it is gone."""
        del self.frames, self.masks
        os.close(self._fd)


def _rebuild(duplicate: Any, slots: int, height: int, width: int) -> RingMemory:
    return RingMemory(duplicate.detach(), slots, height, width)


class FrameRing:
    """Which slots are free. Thread-safe."""

    def __init__(self, slots: int, height: int, width: int) -> None:
        """Raises UserError where shared memory is too small."""
        self.slots = slots
        self.memory = RingMemory.create(slots, height, width)
        self._free = list(range(slots))
        self._changed = threading.Condition()

    def acquire(self) -> int | None:
        """A free slot, or None where all are taken."""
        with self._changed:
            return self._free.pop() if self._free else None

    def wait_acquire(self, timeout_s: float) -> int | None:
        """A free slot as soon as there is one; None after ``timeout_s`` without."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._free), timeout_s)
            return self._free.pop() if self._free else None

    def release(self, slot: int) -> None:
        """Give a slot back."""
        with self._changed:
            self._free.append(slot)
            self._changed.notify()

    @property
    def free(self) -> int:
        """Slots nobody holds."""
        with self._changed:
            return len(self._free)

    def close(self) -> None:
        """Remove the memory; nobody may use a slot any more."""
        self.memory.close()


def _page_aligned(size: int) -> int:
    return -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
