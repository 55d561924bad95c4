"""The probes: ``python probes.py NAME`` prints one JSON object.

Run as a script that imports nothing of this package, which may be broken; only the probe ``runtime`` imports the engines, and ``native``
the compiled module.
``{"missing": true}`` says that a module is not installed; ``{"failure": "..."}`` that it is there and does not work.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.metadata
import importlib.util
import json
import os
import re
import sys
import warnings
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

MAJOR, MINOR = 75, 76
"""CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR."""
OPENCV_PACKAGES = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
NO_MODULES = ("cuda", "runtime", "native", "aravis")
"""Probes that are not of a module of the same name."""


def openvino() -> dict[str, Any]:
    """Version and what its CPU device can do."""
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # it would tell its maker, and write into the home folder
    import openvino as ov

    core = ov.Core()
    return {
        "version": ov.__version__.split("-")[0],
        "devices": list(core.available_devices),
        "capabilities": list(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")),
        "cpu": str(core.get_property("CPU", "FULL_DEVICE_NAME")).strip(),
    }


def cv2() -> dict[str, Any]:
    """Version, whether it decodes, and which packages have installed it: all of them write the same folder."""
    import cv2
    import numpy as np

    picture = np.arange(64, dtype=np.uint8).reshape(8, 8)
    for suffix in (".png", ".jpg"):
        coded = cv2.imencode(suffix, picture)[1]
        if cv2.imdecode(coded, cv2.IMREAD_UNCHANGED) is None:
            return {"failure": f"does not decode {suffix}"}
    packages = [name for name in OPENCV_PACKAGES if _version(name)]
    return {"version": cv2.__version__, "numpy": np.__version__, "packages": packages}


def simplejpeg() -> dict[str, Any]:
    """Version, and whether it decodes."""
    import numpy as np
    import simplejpeg

    picture = np.arange(64, dtype=np.uint8).reshape(8, 8, 1)
    simplejpeg.decode_jpeg(simplejpeg.encode_jpeg(picture, colorspace="GRAY"), "GRAY")
    return {"version": simplejpeg.__version__}


def zmq() -> dict[str, Any]:
    """Versions, and whether it was built with CURVE."""
    import zmq

    return {"version": zmq.__version__, "libzmq": zmq.zmq_version(), "curve": bool(zmq.has("curve"))}


def sqlite3() -> dict[str, Any]:
    """Version of the library."""
    import sqlite3

    return {"version": sqlite3.sqlite_version}


def cuda() -> dict[str, Any]:
    """The CUDA driver and the devices it sees; or ``status``, the driver's error number."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return {"missing": True}
    version, count = ctypes.c_int(), ctypes.c_int()
    status = driver.cuInit(0) or driver.cuDriverGetVersion(ctypes.byref(version))
    status = status or driver.cuDeviceGetCount(ctypes.byref(count))
    if status:
        return {"status": status}
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


def aravis() -> dict[str, Any]:
    """Version of the library for GigE Vision and USB3 Vision cameras."""
    try:
        library = ctypes.CDLL("libaravis-0.8.so.0")
    except OSError as error:
        if "libaravis" not in str(error).partition(":")[0]:
            raise  # a library that it needs
        return {"missing": True}
    parts = ("major", "minor", "micro")
    return {"version": [int(getattr(library, f"arv_get_{part}_version")()) for part in parts]}


def pycuda() -> dict[str, Any]:
    """Version, and the CUDA it was compiled for. A binary module that finds no driver, or another numpy, fails here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it suspects the CUDA headers, whatever the reason
        driver = importlib.import_module("pycuda.driver")
    major, minor = driver.get_version()[:2]
    return {"version": importlib.import_module("pycuda").VERSION_TEXT, "cuda": f"{major}.{minor}"}


def torch() -> dict[str, Any]:
    """Version, and the CUDA it was built for, empty for none: read from its file, as importing it takes seconds."""
    spec = importlib.util.find_spec("torch")
    folder = next(iter(spec.submodule_search_locations or ())) if spec else ""
    with open(os.path.join(folder, "version.py"), encoding="utf-8") as file:
        told = dict(re.findall(r"^(\w+)\b[^=\n]*=\s*['\"]([^'\"]*)['\"]", file.read(), re.MULTILINE))
    return {
        "version": told["__version__"],
        "cuda": told.get("cuda", ""),
        "onnx": importlib.util.find_spec("onnx") is not None,
    }


def runtime() -> dict[str, Any]:
    """What the engines find: GPU, TensorRT, and why a runtime cannot be used."""
    sys.path.append(_root())
    from engines.errors import EngineError
    from engines.gpu import find_gpu
    from engines.runtime.cuda.graphs import can_capture
    from engines.runtime.cuda.load import why_not_torch
    from engines.tensorrt.library import EDITIONS, open_library
    from engines.tensorrt.machine import why_not_tensorrt

    gpu = find_gpu()
    facts: dict[str, Any] = {"gpu": None, "no_gpu": gpu} if isinstance(gpu, str) else {"gpu": asdict(gpu), "no_gpu": ""}
    try:
        library = open_library()
        facts["library"] = {
            "name": library.name,
            "version": library.version,
            "capabilities": library.capabilities(),
            "cuda": next((str(major) for major in range(19, 10, -1) if _version(f"{library.name}_cu{major}")), ""),
        }
        facts["no_library"] = ""
    except EngineError as error:
        facts |= {"library": None, "no_library": str(error)}
    facts["editions"] = [name for name in EDITIONS if importlib.util.find_spec(name) is not None]
    facts["cuda_python"] = (_version("cuda-bindings") or _version("cuda-python")) if can_capture() else ""
    facts["why_not_tensorrt"] = facts["no_gpu"] if isinstance(gpu, str) else why_not_tensorrt(gpu)
    facts["why_not_torch"] = facts["no_gpu"] or why_not_torch()
    return facts


def native() -> dict[str, Any]:
    """The file of the compiled measuring pass, where all compiled modules are there. One that was built for a newer system fails here."""
    sys.path.append(_root())
    try:
        import engines.images._quick_look  # noqa: F401
        import inspector.capture._flat_field  # noqa: F401
        import inspector.verdicts._native as module
    except ModuleNotFoundError:
        return {"missing": True}
    return {"file": module.__file__}


def _root() -> str:
    """The folder that this package is in."""
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def _version(distribution: str) -> str:
    """By the package's metadata; empty where there is none."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


PROBES: dict[str, Callable[[], dict[str, Any]]] = {
    "openvino": openvino,
    "cv2": cv2,
    "simplejpeg": simplejpeg,
    "zmq": zmq,
    "sqlite3": sqlite3,
    "cuda": cuda,
    "runtime": runtime,
    "native": native,
    "aravis": aravis,
    "pycuda": pycuda,
    "torch": torch,
}


def main(name: str) -> None:
    """Run one probe and print what it found."""
    if name not in NO_MODULES and importlib.util.find_spec(name) is None:
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
