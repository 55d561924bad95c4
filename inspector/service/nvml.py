"""Memory and temperature of NVIDIA GPUs, from the driver's management library (NVML). It needs no package and no CUDA context.

https://docs.nvidia.com/deploy/nvml-api/ describes the functions; the names with ``_v2`` are the ones that are kept.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import NamedTuple

LIBRARY = "libnvidia-ml.so.1"
MOST_GPUS = 32
_NAME_BYTES = 96
_CORE_TEMPERATURE = 0


class GpuFigures(NamedTuple):
    """One GPU now; None where the driver does not tell."""

    number: int
    name: str
    temperature_c: float | None
    memory_used_bytes: int | None
    memory_bytes: int | None


class _Memory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


class Nvml:
    """The library, open. Its calls may take long: the driver wakes a GPU that sleeps."""

    def __init__(self, library: str = LIBRARY) -> None:
        """Raises OSError where there is no such library, or it finds no driver."""
        self._library = ctypes.CDLL(library)
        if status := self._library.nvmlInit_v2():
            raise OSError(f"{library}: nvmlInit answers error {status}")

    def read(self) -> list[GpuFigures]:
        """The figures of every GPU that answers."""
        count = ctypes.c_uint()
        if self._library.nvmlDeviceGetCount_v2(ctypes.byref(count)):
            return []
        found = (self._one(index) for index in range(min(count.value, MOST_GPUS)))
        return [one for one in found if one is not None]

    def close(self) -> None:
        """Let go of the driver."""
        self._library.nvmlShutdown()

    def _one(self, index: int) -> GpuFigures | None:
        library, handle = self._library, ctypes.c_void_p()
        if library.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(handle)):
            return None  # it has fallen off the bus, or this user may not see it
        name = ctypes.create_string_buffer(_NAME_BYTES)
        named = self._told(library.nvmlDeviceGetName, handle, name, ctypes.c_uint(_NAME_BYTES))
        temperature, memory = ctypes.c_uint(), _Memory()
        warm = self._told(
            library.nvmlDeviceGetTemperature, handle, ctypes.c_int(_CORE_TEMPERATURE), ctypes.byref(temperature)
        )
        full = self._told(library.nvmlDeviceGetMemoryInfo, handle, ctypes.byref(memory))
        return GpuFigures(
            number=index,
            name=name.value.decode(errors="replace") if named else "",
            temperature_c=float(temperature.value) if warm else None,
            memory_used_bytes=int(memory.used) if full else None,
            memory_bytes=int(memory.total) if full else None,
        )

    @staticmethod
    def _told(function: Callable[..., int], *arguments: object) -> bool:
        return function(*arguments) == 0
