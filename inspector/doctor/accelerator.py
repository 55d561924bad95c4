"""GPU, driver, CUDA, and the packages that would use them. In this version engines run on the CPU whatever is found."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from inspector.doctor.apart import Probed
from inspector.doctor.finding import Finding, Room, State
from inspector.doctor.reading import ROOT, is_jetson, read

NOT_YET = "this version runs its engines on the CPU"
NVIDIA = "0x10de"
TENSORRT = ("tensorrt", "tensorrt-cu13", "tensorrt-cu12", "tensorrt-rtx")


def accelerator(cuda: Probed, root: Path = ROOT) -> Iterator[Finding]:
    """Every finding about the GPU; ``cuda`` is the answer of the probe."""
    yield _gpu(cuda, root)
    yield _toolkit(root)
    yield _package("TensorRT", TENSORRT, f"would run the engines on a GPU, but {NOT_YET}")
    yield _package("pycuda", ("pycuda",), f"would bring frames to TensorRT, but {NOT_YET}")
    yield _package("PyTorch", ("torch",), "trains and exports models (README, Train your own); a line never imports it")


def _gpu(cuda: Probed, root: Path) -> Finding:
    driver = _driver(root)
    if cuda.failure:
        found = f"{driver}: {cuda.failure}" if driver else cuda.failure
        return _about_gpu(State.WRONG, found, f"the line is not affected: {NOT_YET}")
    devices = cuda.facts.get("devices") or []
    if devices:
        names = "; ".join(f"{one['name']}, {one['memory_gib']} GiB, sm {one['capability']}" for one in devices)
        found = f"{names}; {driver or 'driver'}, CUDA up to {cuda.facts['cuda']}"
        return _about_gpu(State.NOTE, found, f"would carry far higher rates, but {NOT_YET}")
    if driver:
        return _about_gpu(
            State.WRONG, f"{driver}, but no libcuda", "install the driver's user libraries; the line is not affected"
        )
    if _on_the_bus(root):
        return _about_gpu(State.MISSING, "an NVIDIA device without a driver", f"nothing is lost: {NOT_YET}")
    return _about_gpu(State.MISSING, "no NVIDIA GPU", f"nothing is lost: {NOT_YET}")


def _about_gpu(state: State, found: str, advice: str) -> Finding:
    return Finding(room=Room.GPU, name="GPU and driver", state=state, found=found, advice=advice)


def _driver(root: Path) -> str:
    if version := read(root / "sys/module/nvidia/version"):
        return f"driver {version}"
    if found := re.search(r"Kernel Module\D+([\d.]+)", read(root / "proc/driver/nvidia/version")):
        return f"driver {found[1]}"
    return "Jetson's driver" if is_jetson(root) else ""


def _on_the_bus(root: Path) -> bool:
    """An NVIDIA display device (PCI class 03) that the kernel sees."""
    return any(
        read(device / "vendor") == NVIDIA and read(device / "class").startswith("0x03")
        for device in root.glob("sys/bus/pci/devices/*")
    )


def _toolkit(root: Path) -> Finding:
    nvcc = shutil.which("nvcc") or next((str(path) for path in root.glob("usr/local/cuda*/bin/nvcc")), "")
    advice = "only building pycuda from source needs it"
    if not nvcc:
        return Finding(room=Room.GPU, name="CUDA toolkit", state=State.MISSING, found="no nvcc", advice=advice)
    return Finding(room=Room.GPU, name="CUDA toolkit", state=State.OK, found=_release(nvcc), advice=advice)


def _release(nvcc: str) -> str:
    try:
        text = subprocess.run([nvcc, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        text = ""
    found = re.search(r"release ([\d.]+)", text)
    return f"{found[1]} ({nvcc})" if found else nvcc


def _package(name: str, distributions: tuple[str, ...], gives: str) -> Finding:
    """Asks the package's metadata alone: importing torch takes seconds, and tensorrt without a GPU may crash."""
    for distribution in distributions:
        try:
            version = metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
        found = version if distribution == distributions[0] else f"{distribution} {version}"
        return Finding(room=Room.GPU, name=name, state=State.OK, found=found, advice=gives)
    return Finding(room=Room.GPU, name=name, state=State.MISSING, found="not installed", advice=gives)
