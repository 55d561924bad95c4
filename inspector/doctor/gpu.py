"""The GPU itself and its driver."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from engines.gpu import DRIVER_ERRORS
from inspector.doctor.finding import Finding, Section, State
from inspector.doctor.gpu_host import GpuHost, jetpack
from inspector.doctor.probing import Probed
from inspector.doctor.reading import is_jetson, read

CPU_IS_ENOUGH = "the CPU is enough for development, replay and tests"
NVIDIA = "0x10de"
DEVICE_FILES = ("nvidiactl", "nvidia[0-9]*", "nvidia-uvm", "nvmap", "nvhost-gpu", "nvgpu/igpu0/*", "dri/renderD*")
"""What a process opens to compute, of /dev; the last four on a Jetson."""
REMEDIES = {
    34: "take the toolkit's stubs off LD_LIBRARY_PATH",
    35: "update the driver, or install packages for an older CUDA",
    100: "`nvidia-smi -L` lists what is there; a container needs `--gpus all`",
    803: "reboot",
    804: "remove the package cuda-compat",
}
"""What to do about some of the driver's error numbers."""


def gpu_host(cuda: Probed, root: Path) -> GpuHost:
    """The kind of machine; ``cuda`` is what the probe of that name found."""
    devices = cuda.facts.get("devices") or []
    if not devices:
        return GpuHost(jetpack(root))
    return GpuHost(jetpack(root), cuda.facts["cuda"], devices[0]["capability"])


def gpu(cuda: Probed, host: GpuHost, root: Path) -> Finding:
    """Whether there is a GPU that programs can use."""
    driver = _driver(root)
    if devices := cuda.facts.get("devices"):
        return _usable(devices, driver, cuda.facts["cuda"])
    status = cuda.facts.get("status", 0)
    trouble = cuda.failure or (DRIVER_ERRORS.get(status, f"cuInit answers error {status}") if status else "")
    if driver and trouble:
        return _about(State.WRONG, f"{driver}: {trouble}", _remedy(status, root))
    if driver:
        return _about(State.WRONG, f"{driver}, but no libcuda", host.libcuda)
    if _on_the_bus(root):
        return _about(State.MISSING, "an NVIDIA GPU without a driver", f"{host.driver}; until then {CPU_IS_ENOUGH}")
    found = f"no NVIDIA GPU; a libcuda is there: {trouble}" if trouble else "no NVIDIA GPU"
    return _about(State.MISSING, found, f"{CPU_IS_ENOUGH}; a fast line needs one")


def _usable(devices: list[dict[str, Any]], driver: str, cuda: str) -> Finding:
    names = "; ".join(f"{one['name']}, {one['memory_gib']} GiB, sm {one['capability']}" for one in devices)
    advice = "runs the engines by TensorRT or torch, see below"
    if len(devices) > 1:
        advice = "the first runs the engines; CUDA_VISIBLE_DEVICES puts another one first"
    return _about(State.OK, f"{names}; {driver or 'driver'}, CUDA up to {cuda}", advice)


def _remedy(status: int, root: Path) -> str:
    if closed := _closed_files(root):
        return f"this user may not open {', '.join(closed)}: `sudo usermod -aG video,render $USER`, then log in again"
    if (root / "dev/nvidiactl").exists() and not (root / "dev/nvidia-uvm").exists():
        return "CUDA's part of the driver is not loaded: `sudo nvidia-modprobe -u -c 0`"
    return REMEDIES.get(status, f"no runtime can use this GPU until it is repaired; until then {CPU_IS_ENOUGH}")


def _closed_files(root: Path) -> list[str]:
    """Device files that this user may not read."""
    files = (path for pattern in DEVICE_FILES for path in sorted(root.glob(f"dev/{pattern}")))
    return [f"/{path.relative_to(root)}" for path in files if not os.access(path, os.R_OK)]


def _about(state: State, found: str, advice: str) -> Finding:
    return Finding(section=Section.GPU, name="GPU and driver", state=state, found=found, advice=advice)


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
