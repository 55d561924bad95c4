"""The GPU of this process, through pycuda: its primary context, device memory and page-locked host memory, streams and events.

The primary context is the one that torch and TensorRT use as well, so that all of them work on the same memory and streams. pycuda
keeps a stack of contexts for each thread: a thread that did not open the device makes the context current first (`current`).
"""

from __future__ import annotations

import atexit
import ctypes
import importlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from engines.errors import DeviceMemoryError, EngineError, PageLockError
from engines.gpu import DRIVER_ERRORS, INSTALL_PYCUDA

NeededFor: TypeAlias = Literal["batches", "frame ring"]
"""What memory is used for, so that an error can name what to reduce."""
_NON_BLOCKING = 1
"""CU_STREAM_NON_BLOCKING: not ordered with the default stream, which a library may wait for."""


class DeviceMemory:
    """Memory on the device."""

    def __init__(self, allocation: Any, size: int) -> None:
        self._allocation = allocation
        self.address = int(allocation)
        self.size = size

    def free(self) -> None:
        """Free it."""
        self._allocation.free()


class Device:
    """The GPU with its primary context current on the calling thread. Close it on the same thread."""

    def __init__(self) -> None:
        """Raises EngineError: no pycuda, no driver, no device."""
        try:
            self.cu: Any = importlib.import_module("pycuda.driver")
        except ImportError as error:
            reason = str(error).splitlines()[0]
            raise EngineError(f"pycuda: cannot be used ({reason}); {INSTALL_PYCUDA}") from None
        with self.cuda_errors("the GPU cannot be opened"):
            self.cu.init()
            device = self.cu.Device(0)
            self._context = device.retain_primary_context()
            self._context.push()
            self._open = True
            atexit.register(self.close)
        self._library = ctypes.CDLL("libcuda.so.1")
        self.name = str(device.name())

    @contextmanager
    def cuda_errors(self, what: str, needed_for: NeededFor = "batches") -> Iterator[None]:
        """Turn a CUDA error into an EngineError of one line. A device that failed must not be used again: the process ends."""
        try:
            yield
        except self.cu.MemoryError:
            raise DeviceMemoryError(what, needed_for) from None
        except self.cu.Error as error:
            raise EngineError(f"{what}: {str(error).splitlines()[0]}") from None

    @contextmanager
    def current(self) -> Iterator[None]:
        """The context is current on this thread inside the `with` block."""
        self._context.push()
        try:
            yield
        finally:
            self._context.pop()

    def stream(self) -> Any:
        """A new stream."""
        return self.cu.Stream(_NON_BLOCKING)

    def event(self, timed: bool = False) -> Any:
        """A new event; a thread that waits for it sleeps."""
        flags = self.cu.event_flags
        return self.cu.Event(flags.BLOCKING_SYNC if timed else flags.BLOCKING_SYNC | flags.DISABLE_TIMING)

    def memory(self, size: int, needed_for: NeededFor = "batches") -> DeviceMemory:
        """``size`` bytes on the device, zeroed. Raises DeviceMemoryError where not enough is free."""
        with self.cuda_errors(f"{size >> 20} MiB on {self.name}", needed_for):
            allocation = self.cu.mem_alloc(max(size, 1))
            self.cu.memset_d8(int(allocation), 0, max(size, 1))
            # Zeroing is asynchronous, on a stream that ours do not wait for.
            self.cu.Context.synchronize()
        return DeviceMemory(allocation, size)

    def pinned(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Page-locked host memory, zeroed."""
        with self.cuda_errors("page-locked memory"):
            array: NDArray[Any] = self.cu.pagelocked_zeros(shape, dtype)
        return array

    def lock(self, plane: NDArray[np.uint8]) -> None:
        """Page-lock existing memory, which begins at a page boundary, until ``unlock``. Raises PageLockError."""
        # Not pycuda's register_host_memory: with numpy 2 it fails after it has locked the memory.
        status = self._library.cuMemHostRegister_v2(_pointer(plane), ctypes.c_size_t(plane.nbytes), 0)
        if status:
            raise PageLockError(plane.nbytes >> 20, DRIVER_ERRORS.get(status, f"error {status}"))

    def unlock(self, plane: NDArray[np.uint8]) -> None:
        """Undo ``lock``. No copy may be in progress."""
        self._library.cuMemHostUnregister(_pointer(plane))

    def close(self) -> None:
        """Release the context; a second call does nothing. pycuda aborts a process that exits while one is current."""
        if not self._open:
            return
        self._open = False
        atexit.unregister(self.close)
        with suppress(self.cu.Error):
            self._context.pop()
        with suppress(self.cu.Error):
            self._context.detach()


def _pointer(plane: NDArray[np.uint8]) -> ctypes.c_void_p:
    return ctypes.c_void_p(int(plane.__array_interface__["data"][0]))
