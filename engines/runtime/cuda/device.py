"""The GPU of this process, by pycuda: its primary context, memory on both sides, streams and events.

The primary context is the one that torch and TensorRT use as well, so that all of them work on the same memory and streams. pycuda
keeps a stack of contexts per thread: whoever calls it from another thread than the one that opened the device enters it there first.
"""

from __future__ import annotations

import atexit
import ctypes
import importlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from engines.errors import EngineError
from engines.runtime.cuda.driver import CUDA_WORDS, GET_PYCUDA

_NON_BLOCKING = 1
"""CU_STREAM_NON_BLOCKING: not ordered with the default stream, on which a library might wait."""


class DeviceMemory:
    """Bytes on the device."""

    def __init__(self, allocation: Any, size: int) -> None:
        self._allocation = allocation
        self.address = int(allocation)
        self.size = size

    def free(self) -> None:
        """Give it back."""
        self._allocation.free()


class Device:
    """The GPU with its primary context current on the calling thread. Close it on the same thread."""

    def __init__(self) -> None:
        """Raises EngineError: no pycuda, no driver, no device."""
        try:
            self.cu: Any = importlib.import_module("pycuda.driver")
        except ImportError as error:
            told = str(error).splitlines()[0]
            raise EngineError(f"pycuda: cannot be used ({told}); {GET_PYCUDA}") from None
        with self.plain("the GPU cannot be opened"):
            self.cu.init()
            device = self.cu.Device(0)
            self._context = device.retain_primary_context()
            self._context.push()
            self._open = True
            atexit.register(self.close)
        self._library = ctypes.CDLL("libcuda.so.1")
        self.name = str(device.name())

    @contextmanager
    def plain(self, what: str, smaller: str = "inference.max_batch") -> Iterator[None]:
        """Turn an error of CUDA into one plain line; a ``smaller`` what would take less memory. A device that failed so is not used
        again: the process ends."""
        try:
            yield
        except self.cu.MemoryError:
            raise EngineError(
                f"{what}: out of device memory; use a smaller {smaller}, or stop what else uses the GPU"
            ) from None
        except self.cu.Error as error:
            raise EngineError(f"{what}: {str(error).splitlines()[0]}") from None

    @contextmanager
    def entered(self) -> Iterator[None]:
        """The context is current on this thread meanwhile."""
        self._context.push()
        try:
            yield
        finally:
            self._context.pop()

    def stream(self) -> Any:
        """A new stream."""
        return self.cu.Stream(_NON_BLOCKING)

    def event(self, timed: bool = False) -> Any:
        """A new event; who waits for it sleeps."""
        flags = self.cu.event_flags
        return self.cu.Event(flags.BLOCKING_SYNC if timed else flags.BLOCKING_SYNC | flags.DISABLE_TIMING)

    def memory(self, size: int, smaller: str = "inference.max_batch") -> DeviceMemory:
        """Zeroed bytes on the device. Raises EngineError where there are not so many."""
        with self.plain(f"{size >> 20} MiB on {self.name}", smaller):
            allocation = self.cu.mem_alloc(max(size, 1))
            self.cu.memset_d8(int(allocation), 0, max(size, 1))
            # Zeroing goes on behind the host's back, on a stream that those used here do not wait for.
            self.cu.Context.synchronize()
        return DeviceMemory(allocation, size)

    def pinned(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Page-locked host memory, zeroed."""
        with self.plain("page-locked memory"):
            array: NDArray[Any] = self.cu.pagelocked_zeros(shape, dtype)
        return array

    def lock(self, plane: NDArray[np.uint8]) -> None:
        """Page-lock memory that is there already, which begins on a page, until ``unlock``. Raises EngineError."""
        # Not pycuda's register_host_memory: with numpy 2 it fails after it has locked the memory.
        status = self._library.cuMemHostRegister_v2(_pointer(plane), ctypes.c_size_t(plane.nbytes), 0)
        if status:
            raise EngineError(
                f"{plane.nbytes >> 20} MiB of frames cannot be page-locked: {CUDA_WORDS.get(status, f'error {status}')}; "
                "use fewer ring.slots, or set inference.direct_copies: false"
            )

    def unlock(self, plane: NDArray[np.uint8]) -> None:
        """Let go of what ``lock`` locked; no copy is under way."""
        self._library.cuMemHostUnregister(_pointer(plane))

    def close(self) -> None:
        """Let go of the context, once. pycuda aborts a process that ends with one still current."""
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
