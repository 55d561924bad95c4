"""Finds the GPU of this machine without any CUDA package, by asking the driver's own library. No CUDA context is made."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from pathlib import Path

DRIVER_ERRORS = {
    1: "the driver takes no such argument",
    2: "there is no memory left",
    34: "libcuda is the stub of a toolkit, not a driver's",
    35: "the driver is older than the CUDA library",
    100: "the driver sees no device (CUDA_VISIBLE_DEVICES hides it, or the container was not given one)",
    101: "the device is not usable",
    803: "driver and libcuda are of different versions; reboot after a driver update",
    804: "this GPU does not support the compatibility library that was found",
    712: "it is page-locked already",
    801: "this system does not support it",
    999: "the driver reports an unknown error; `dmesg | grep -i nvrm` may say more",
}
"""What the driver's error numbers (CUresult) mean for a user."""
INSTALL_PYCUDA = "pip install pycuda, with a CUDA toolkit to compile it"
_MAJOR, _MINOR = 75, 76
"""CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR."""


@dataclass(frozen=True)
class Gpu:
    """The first GPU that the driver sees."""

    name: str
    capability: str
    """Compute capability, as `8.9`."""
    cuda: str
    """Newest CUDA that the driver supports, as `13.0`."""
    driver: str
    """Version of the kernel driver; empty where the system does not say."""


def find_gpu() -> Gpu | str:
    """The first GPU, or in one line why there is none to use."""
    try:
        library = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return "no NVIDIA driver is installed"
    version, count, handle = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    status = (
        library.cuInit(0)
        or library.cuDriverGetVersion(ctypes.byref(version))
        or library.cuDeviceGetCount(ctypes.byref(count))
        or (0 if count.value else 100)
        or library.cuDeviceGet(ctypes.byref(handle), 0)
    )
    if status:
        return DRIVER_ERRORS.get(status, f"cuInit answers error {status}")
    name = ctypes.create_string_buffer(100)
    library.cuDeviceGetName(name, len(name), handle)
    capability = []
    for attribute in (_MAJOR, _MINOR):
        value = ctypes.c_int()
        library.cuDeviceGetAttribute(ctypes.byref(value), attribute, handle)
        capability.append(str(value.value))
    cuda = f"{version.value // 1000}.{version.value % 1000 // 10}"
    return Gpu(name.value.decode(errors="replace"), ".".join(capability), cuda, _kernel_driver())


def _kernel_driver() -> str:
    try:
        return Path("/sys/module/nvidia/version").read_text(encoding="ascii").strip()
    except OSError:
        return ""
