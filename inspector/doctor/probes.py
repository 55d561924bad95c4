"""The probes themselves: ``python probes.py NAME`` prints one JSON object.

Run as a script, so that it needs nothing of this package, whatever else is broken. ``{"missing": true}`` says that a module is
not installed; ``{"failure": "..."}`` that it is there and does not work.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import json
import os
import sys
from collections.abc import Callable
from typing import Any

CUDA_WORDS = {
    34: "libcuda is the stub of a toolkit, not a driver's",
    35: "the driver is older than the CUDA library",
    100: "the driver sees no device (CUDA_VISIBLE_DEVICES hides it, or the container was not given one)",
    101: "the device is not usable",
    803: "driver and libcuda are of different versions; reboot after a driver update",
    804: "this GPU does not support the compatibility library that was found",
    999: "the driver reports an unknown error; `dmesg | grep -i nvrm` may say more",
}
MAJOR, MINOR = 75, 76
"""CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR."""


def openvino() -> dict[str, Any]:
    """Version and what its CPU device can do."""
    import openvino as ov

    core = ov.Core()
    return {
        "version": ov.__version__.split("-")[0],
        "devices": list(core.available_devices),
        "capabilities": list(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")),
        "cpu": str(core.get_property("CPU", "FULL_DEVICE_NAME")).strip(),
    }


def cv2() -> dict[str, Any]:
    """Version, and whether it decodes."""
    import cv2
    import numpy as np

    picture = np.arange(64, dtype=np.uint8).reshape(8, 8)
    for suffix in (".png", ".jpg"):
        coded = cv2.imencode(suffix, picture)[1]
        if cv2.imdecode(coded, cv2.IMREAD_UNCHANGED) is None:
            return {"failure": f"does not decode {suffix}"}
    return {"version": cv2.__version__, "numpy": np.__version__}


def zmq() -> dict[str, Any]:
    """Versions, and whether it was built with CURVE."""
    import zmq

    return {"version": zmq.__version__, "libzmq": zmq.zmq_version(), "curve": bool(zmq.has("curve"))}


def sqlite3() -> dict[str, Any]:
    """Version of the library."""
    import sqlite3

    return {"version": sqlite3.sqlite_version}


def cuda() -> dict[str, Any]:
    """The CUDA driver and the devices it sees."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return {"missing": True}
    version, count = ctypes.c_int(), ctypes.c_int()
    status = driver.cuInit(0) or driver.cuDriverGetVersion(ctypes.byref(version))
    status = status or driver.cuDeviceGetCount(ctypes.byref(count))
    if status:
        return {"failure": CUDA_WORDS.get(status, f"cuInit answers error {status}")}
    return {
        "cuda": f"{version.value // 1000}.{version.value % 1000 // 10}",
        "devices": [_device(driver, index) for index in range(count.value)],
    }


def _device(driver: ctypes.CDLL, index: int) -> dict[str, Any]:
    handle, name, memory = ctypes.c_int(), ctypes.create_string_buffer(100), ctypes.c_size_t()
    driver.cuDeviceGet(ctypes.byref(handle), index)
    driver.cuDeviceGetName(name, len(name), handle)
    driver.cuDeviceTotalMem_v2(ctypes.byref(memory), handle)
    capability = []
    for attribute in (MAJOR, MINOR):
        value = ctypes.c_int()
        driver.cuDeviceGetAttribute(ctypes.byref(value), attribute, handle)
        capability.append(str(value.value))
    return {
        "name": name.value.decode(errors="replace"),
        "memory_gib": round(memory.value / 2**30, 1),
        "capability": ".".join(capability),
    }


PROBES: dict[str, Callable[[], dict[str, Any]]] = {
    "openvino": openvino,
    "cv2": cv2,
    "zmq": zmq,
    "sqlite3": sqlite3,
    "cuda": cuda,
}


def main(name: str) -> None:
    """Run one probe and print what it found."""
    if name != "cuda" and importlib.util.find_spec(name) is None:
        print(json.dumps({"missing": True}))
        return
    try:
        with contextlib.redirect_stdout(sys.stderr):
            facts = PROBES[name]()
    except Exception as error:
        # Native libraries put the place into the first lines and the reason into the last.
        reason = str(error).strip().splitlines()[-1:] or ["no reason given"]
        facts = {"failure": f"{type(error).__name__}: {reason[0].strip()}"}
    print(json.dumps(facts))


if __name__ == "__main__":
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [
        path for path in sys.path if path != here
    ]  # modules here must not stand in for others of the same name
    main(sys.argv[1])
