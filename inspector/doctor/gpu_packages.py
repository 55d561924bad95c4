"""The packages between the engines and a GPU: CUDA toolkit, TensorRT, pycuda, cuda-python, PyTorch."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from inspector.doctor.finding import Finding, Section, State
from inspector.doctor.gpu_host import GpuHost
from inspector.doctor.probing import Probed

OLDEST = {"tensorrt": (10, 3), "tensorrt_rtx": (1, 3)}
"""Oldest version that has what the engines need of it."""
ONLY_WITH_A_GPU = "useful only with an NVIDIA GPU"


def gpu_packages(probed: Mapping[str, Probed], host: GpuHost, root: Path) -> Iterator[Finding]:
    """Every finding about a package; ``probed`` holds what the probes found, by name."""
    yield _toolkit(host, root)
    yield _tensorrt(probed["runtime"], host, root)
    yield _pycuda(probed["pycuda"], host)
    yield _cuda_python(probed["runtime"], host)
    yield _torch(probed["torch"], host)


def _about(name: str, state: State, found: str, advice: str) -> Finding:
    return Finding(section=Section.GPU, name=name, state=state, found=found, advice=advice)


def _how_to_get(host: GpuHost, purpose: str, how: str) -> str:
    """Advice on what is not installed."""
    return f"{purpose}: {how}" if host.has_gpu else f"{purpose}; {ONLY_WITH_A_GPU}"


def _toolkit(host: GpuHost, root: Path) -> Finding:
    nvcc = shutil.which("nvcc") or next((str(path) for path in root.glob("usr/local/cuda*/bin/nvcc")), "")
    purpose = "needed only to compile pycuda"
    if not nvcc:
        return _about("CUDA toolkit", State.MISSING, "no nvcc", _how_to_get(host, purpose, host.toolkit))
    includes = [
        Path(nvcc).resolve().parents[1] / "include",
        *root.glob("usr/local/cuda*/include"),
        root / "usr/include",
    ]
    includes += [one for include in includes[:1] for one in include.parent.glob("targets/*/include")]
    if not any((include / "curand.h").is_file() for include in includes):
        found = f"{_release(nvcc)}, without curand.h"
        return _about("CUDA toolkit", State.NOTE, found, f"{purpose}, which needs cuRAND's headers too (libcurand-dev)")
    return _about("CUDA toolkit", State.OK, _release(nvcc), purpose)


def _release(nvcc: str) -> str:
    try:
        text = subprocess.run([nvcc, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        text = ""
    found = re.search(r"release ([\d.]+)", text)
    return f"{found[1]} ({nvcc})" if found else nvcc


def _tensorrt(runtime: Probed, host: GpuHost, root: Path) -> Finding:
    """The first edition that is installed, which is the one that the engines use."""
    purpose = "runs the engines"
    if runtime.failure:
        found = _installed("tensorrt", "tensorrt_rtx") or "not looked at"
        return _about("TensorRT", State.NOTE, found, f"{purpose}; first repair {runtime.failure}")
    if library := runtime.facts["library"]:
        return _about("TensorRT", *_installed_tensorrt(library, host))
    if editions := runtime.facts["editions"]:
        return _about("TensorRT", State.WRONG, f"{editions[0]}, which does not load", runtime.facts["no_library"])
    if elsewhere := next(root.glob("usr/lib/python3*/dist-packages/tensorrt/__init__.py"), None):
        return _about("TensorRT", State.MISSING, "only for the system's Python", _of_the_system(elsewhere, root))
    return _about("TensorRT", State.MISSING, "not installed", _how_to_get(host, purpose, host.tensorrt))


def _installed_tensorrt(library: dict[str, Any], host: GpuHost) -> tuple[State, str, str]:
    name, version, capabilities = library["name"], library["version"], library["capabilities"]
    found, known = f"{name} {version}", ", ".join(capabilities)
    oldest = OLDEST[name]
    if tuple(int(number) for number in re.findall(r"\d+", version)[:2]) < oldest:
        return State.WRONG, found, f"{'.'.join(map(str, oldest))} or later is needed; {host.newer_tensorrt}"
    if host.too_new(library["cuda"]):
        return State.WRONG, f"{found} for CUDA {library['cuda']}", _driver_too_old(host)
    if host.has_gpu and capabilities and host.capability not in capabilities:
        advice = f"does not know this GPU ({host.capability}), only {known}; {host.tensorrt_for_any_gpu}"
        return State.WRONG, found, advice
    if host.has_gpu:
        return State.OK, found, "runs the engines, from plans that `inspector engines build` makes"
    if capabilities:
        return State.OK, found, f"`inspector engines build` makes plans for GPUs elsewhere: {known}"
    return State.NOTE, found, ONLY_WITH_A_GPU


def _of_the_system(package: Path, root: Path) -> str:
    folder = package.relative_to(root).parents[1]
    version = re.search(r"python(3\.\d+)", str(folder))
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if version and version[1] != here:
        make = f"python{version[1]} -m venv --system-site-packages"
        return f"/{folder} is for Python {version[1]}, this is {here}: make the virtual environment with `{make}`"
    return f"this virtual environment does not see /{folder}: make it with `python3 -m venv --system-site-packages`"


def _pycuda(probed: Probed, host: GpuHost) -> Finding:
    purpose = "copies frames to the GPU, for TensorRT and for torch"
    if probed.facts.get("missing"):
        how = "`python -m pip install pycuda`, which compiles: nvcc has to be on the PATH"
        return _about("pycuda", State.MISSING, "not installed", _how_to_get(host, purpose, how))
    again = "`python -m pip install --force-reinstall --no-deps --no-cache-dir pycuda` compiles it for this machine"
    if probed.failure:
        if "libcuda" in probed.failure and not host.has_gpu:
            return _about("pycuda", State.NOTE, "installed, waits for a driver", f"{purpose}; {ONLY_WITH_A_GPU}")
        return _about("pycuda", State.WRONG, probed.failure, f"{purpose}; {again}")
    found = f"{probed.facts['version']}, compiled for CUDA {probed.facts['cuda']}"
    if host.too_new(probed.facts["cuda"]):
        return _about(
            "pycuda", State.WRONG, found, f"the driver supports CUDA up to {host.cuda}: update it, or {again}"
        )
    return _about("pycuda", State.OK, found, purpose)


def _cuda_python(runtime: Probed, host: GpuHost) -> Finding:
    purpose = "starts a batch of TensorRT as one recorded CUDA graph, not kernel by kernel"
    how = f"`python -m pip install 'cuda-bindings=={host.cuda.split('.')[0]}.*'`"
    if runtime.failure:
        return _about("cuda-python", State.NOTE, "not looked at", f"{purpose}; first repair {runtime.failure}")
    version = runtime.facts["cuda_python"]
    if not version:
        return _about("cuda-python", State.MISSING, "not installed", _how_to_get(host, f"{purpose}; optional", how))
    if host.too_new(version):
        advice = f"is for a newer CUDA than the driver supports ({host.cuda}): {how}"
        return _about("cuda-python", State.NOTE, version, advice)
    return _about("cuda-python", State.OK, version, purpose)


def _torch(probed: Probed, host: GpuHost) -> Finding:
    trains = "trains and exports models (README, Your own model)"
    if probed.facts.get("missing"):
        on_gpu = f"; could run engines where TensorRT cannot: {host.torch}" if host.has_gpu else ""
        return _about("PyTorch", State.MISSING, "not installed", trains + on_gpu)
    if probed.failure:
        return _about("PyTorch", State.WRONG, probed.failure, trains)
    version, cuda = probed.facts["version"], probed.facts["cuda"]
    found = f"{version}, built {f'for CUDA {cuda}' if cuda else 'without CUDA'}"
    if not host.has_gpu:
        return _about("PyTorch", State.OK, found, f"{trains}; a line on the CPU never imports it")
    if not cuda:
        return _about("PyTorch", State.NOTE, found, f"{trains}; to run engines on this GPU take {host.torch}")
    if host.too_new(cuda):
        return _about("PyTorch", State.WRONG, found, _driver_too_old(host))
    missing = "" if probed.facts["onnx"] else "; needs onnx for it: `python -m pip install onnx`"
    state = State.NOTE if missing else State.OK
    return _about("PyTorch", state, found, f"runs the engines where TensorRT cannot{missing}; {trains}")


def _driver_too_old(host: GpuHost) -> str:
    return (
        f"the driver supports CUDA up to {host.cuda}: update it, or install a build for CUDA {host.cuda.split('.')[0]}"
    )


def _installed(*distributions: str) -> str:
    """Name and version of the first that is installed, by its metadata alone: nothing is imported."""
    for name in distributions:
        try:
            return f"{name} {metadata.version(name)}"
        except metadata.PackageNotFoundError:
            continue
    return ""
