"""GPUs, drivers and packages other than those here: file trees, and answers that a probe may give."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engines.gpu import find_gpu
from inspector.doctor.accelerator import PROBES, accelerator
from inspector.doctor.finding import Finding, State
from inspector.doctor.gpu_host import jetpack
from inspector.doctor.probing import Probed, probe
from tests.doctor.machine_files import named, show

MISSING = Probed({"missing": True})
ORIN = {"etc__nv_tegra_release": "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64\n"}
THOR = {"etc__nv_tegra_release": "# R38 (release), REVISION: 4.0, GCID: 43443517, BOARD: generic, EABI: aarch64\n"}
DRIVER = {"sys__module__nvidia__version": "570.86.15\n"}


def device(capability: str = "8.6", cuda: str = "13.0", name: str = "NVIDIA RTX A2000") -> Probed:
    """The answer where there is a GPU."""
    return Probed({"cuda": cuda, "devices": [{"name": name, "memory_gib": 12.0, "capability": capability}]})


def engines(library: dict[str, Any] | None = None, cuda_python: str = "", unloadable: str = "") -> Probed:
    """What the engines may find of packages."""
    return Probed(
        {
            "library": library and {"capabilities": [], "cuda": "", **library},
            "no_library": "" if library else f"{unloadable or 'TensorRT'}: the reason",
            "editions": [library["name"]] if library else [unloadable] * bool(unloadable),
            "cuda_python": cuda_python,
        }
    )


def look(root: Path, **probed: Probed) -> list[Finding]:
    """Findings of a machine on which the probes not given find nothing."""
    answers = dict.fromkeys(PROBES, MISSING) | {"runtime": engines()} | probed
    return list(accelerator(answers, root))


@pytest.fixture
def as_nobody() -> Iterator[None]:
    """Root may open everything; here files are asked for as one who is not root."""
    root = os.getuid() == 0
    if root:
        os.setresuid(65534, -1, -1)
    yield
    if root:
        os.setresuid(0, -1, -1)


def test_a_machine_without_a_gpu_is_no_cause_for_alarm(tmp_path: Path) -> None:
    findings = look(tmp_path)
    # This machine's own toolkit is looked at, which may be in parts.
    assert {finding.state for finding in findings if finding.name != "CUDA toolkit"} <= {State.MISSING, State.OK}
    assert "the CPU is enough" in named("GPU and driver", findings).advice
    for name in ("pycuda", "cuda-python"):
        assert "only with an NVIDIA GPU" in named(name, findings).advice
    assert not any(finding.stops_the_line for finding in findings)


def test_a_gpu_without_a_driver(tmp_path: Path) -> None:
    bus = "sys__bus__pci__devices__0000:01:00.0__"
    show(tmp_path, **{bus + "vendor": "0x10de\n", bus + "class": "0x030000\n"})
    found = named("GPU and driver", look(tmp_path))
    assert (found.state, found.found) == (State.MISSING, "an NVIDIA GPU without a driver")
    assert "reboot" in found.advice


def test_a_driver_that_cannot_be_used(tmp_path: Path) -> None:
    found = named("GPU and driver", look(show(tmp_path, **DRIVER), cuda=Probed({}, "crashes with SIGSEGV")))
    assert (found.state, found.found) == (State.WRONG, "driver 570.86.15: crashes with SIGSEGV")
    assert not found.stops_the_line


@pytest.mark.parametrize(
    ("status", "words", "mend"),
    [
        (34, "stub of a toolkit", "LD_LIBRARY_PATH"),
        (35, "older than the CUDA library", "update the driver"),
        (100, "sees no device", "--gpus all"),
        (803, "of different versions", "reboot"),
        (999, "dmesg", "until it is repaired"),
        (12345, "cuInit answers error 12345", "until it is repaired"),
    ],
)
def test_a_drivers_error_number_is_put_into_words(status: int, words: str, mend: str, tmp_path: Path) -> None:
    found = named("GPU and driver", look(show(tmp_path, **DRIVER), cuda=Probed({"status": status})))
    assert found.state is State.WRONG
    assert words in found.found
    assert mend in found.advice


def test_an_image_made_for_gpus_on_a_machine_without_one(tmp_path: Path) -> None:
    found = named("GPU and driver", look(tmp_path, cuda=Probed({"status": 34})))
    assert found.state is State.MISSING
    assert "stub" in found.found


@pytest.mark.parametrize(("files", "mend"), [(DRIVER, "--gpus all"), (ORIN, "nvidia-l4t-cuda")])
def test_a_driver_without_its_user_library(files: dict[str, str], mend: str, tmp_path: Path) -> None:
    found = named("GPU and driver", look(show(tmp_path, **files)))
    assert found.state is State.WRONG
    assert "no libcuda" in found.found
    assert mend in found.advice


@pytest.mark.usefixtures("as_nobody")
def test_device_files_that_are_closed_to_this_user(tmp_path: Path) -> None:
    show(tmp_path, dev__nvmap="", dev__dri__renderD128="", **ORIN)
    for path in (tmp_path / "dev/nvmap", tmp_path / "dev/dri/renderD128"):
        path.chmod(0)
    found = named("GPU and driver", look(tmp_path, cuda=Probed({"status": 999})))
    assert "/dev/nvmap, /dev/dri/renderD128" in found.advice
    assert "usermod -aG video,render" in found.advice


def test_a_driver_of_which_a_part_is_not_loaded(tmp_path: Path) -> None:
    show(tmp_path, dev__nvidiactl="", dev__nvidia0="", **DRIVER)
    assert "nvidia-modprobe" in named("GPU and driver", look(tmp_path, cuda=Probed({"status": 999}))).advice


def test_a_gpu_is_named(tmp_path: Path) -> None:
    found = named("GPU and driver", look(show(tmp_path, **DRIVER), cuda=device()))
    assert found.state is State.OK
    assert found.found == "NVIDIA RTX A2000, 12.0 GiB, sm 8.6; driver 570.86.15, CUDA up to 13.0"
    two = device().facts | {"devices": device().facts["devices"] * 2}
    assert "CUDA_VISIBLE_DEVICES" in named("GPU and driver", look(tmp_path, cuda=Probed(two))).advice


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        (ORIN, 6),
        (THOR, 7),
        ({"etc__nv_tegra_release": "# R39 (release), REVISION: 2.0\n"}, 7),
        ({"etc__nv_tegra_release": "# R35 (release), REVISION: 4.1\n"}, 0),
        ({"proc__device-tree__model": "NVIDIA Jetson AGX Thor Developer Kit\0"}, 0),
    ],
    ids=["workstation", "JetPack 6", "JetPack 7", "JetPack 7.2", "JetPack 5", "container"],
)
def test_which_jetpack(files: dict[str, str], expected: int | None, tmp_path: Path) -> None:
    assert jetpack(show(tmp_path, **files)) == expected


@pytest.mark.parametrize(
    ("files", "gpu", "tensorrt", "torch"),
    [
        ({}, device("8.9"), "pip install tensorrt-rtx", "CUDA 13 from PyTorch's own index"),
        (ORIN, device("8.7", "12.6", "Orin"), "system's Python 3.10", "wheels for JetPack 6"),
        (THOR, device("11.0", "13.0", "Thor"), "system's Python 3.12", "CUDA 13 from PyTorch's own index"),
    ],
    ids=["workstation", "JetPack 6", "JetPack 7"],
)
def test_how_to_get_what_is_missing(
    files: dict[str, str], gpu: Probed, tensorrt: str, torch: str, tmp_path: Path
) -> None:
    findings = look(show(tmp_path, **files), cuda=gpu)
    assert tensorrt in named("TensorRT", findings).advice
    assert ("--system-site-packages" in named("TensorRT", findings).advice) == bool(files)
    assert torch in named("PyTorch", findings).advice
    assert "pip install pycuda" in named("pycuda", findings).advice
    major = gpu.facts["cuda"].split(".")[0]
    assert f"cuda-bindings=={major}.*" in named("cuda-python", findings).advice
    assert all(finding.state in (State.OK, State.MISSING) for finding in findings if finding.name != "CUDA toolkit")


def test_a_tensorrt_that_a_virtual_environment_does_not_see(tmp_path: Path) -> None:
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    for version, advice in ((here, "does not see"), ("3.9", f"is for Python 3.9, this is {here}")):
        root = tmp_path / version
        package = show(root, **ORIN) / f"usr/lib/python{version}/dist-packages/tensorrt/__init__.py"
        package.parent.mkdir(parents=True)
        package.touch()
        found = named("TensorRT", look(root, cuda=device("8.7", "12.6")))
        assert found.state is State.MISSING
        assert advice in found.advice
        assert "--system-site-packages" in found.advice


@pytest.mark.parametrize(
    ("library", "gpu", "state", "told"),
    [
        ({"name": "tensorrt", "version": "10.3.0"}, device("8.7", "12.6"), State.OK, "inspector engines build"),
        ({"name": "tensorrt", "version": "8.6.2"}, device("8.7", "12.2"), State.WRONG, "10.3 or later is needed"),
        ({"name": "tensorrt", "version": "11.1.0", "cuda": "13"}, device("8.6", "12.4"), State.WRONG, "up to 12.4"),
        ({"name": "tensorrt", "version": "11.1.0", "cuda": "12"}, device("8.6", "13.0"), State.OK, "runs the engines"),
        (
            {"name": "tensorrt_rtx", "version": "1.7.1.116", "capabilities": ["8.6", "8.9"], "cuda": "13"},
            device("9.0", name="NVIDIA H100"),
            State.WRONG,
            "does not know this GPU (9.0), only 8.6, 8.9; `python -m pip install tensorrt`",
        ),
        (
            {"name": "tensorrt_rtx", "version": "1.7.1.116", "capabilities": ["8.6", "8.9"]},
            MISSING,
            State.OK,
            "makes plans for GPUs elsewhere: 8.6, 8.9",
        ),
        ({"name": "tensorrt", "version": "10.3.0"}, MISSING, State.NOTE, "only with an NVIDIA GPU"),
    ],
    ids=["runs", "too old", "for a newer CUDA", "for an older CUDA", "another architecture", "ahead", "no GPU"],
)
def test_a_tensorrt_that_is_there(
    library: dict[str, Any], gpu: Probed, state: State, told: str, tmp_path: Path
) -> None:
    found = named("TensorRT", look(tmp_path, cuda=gpu, runtime=engines(library)))
    assert found.found.startswith(f"{library['name']} {library['version']}")
    assert found.state is state
    assert told in found.advice


@pytest.mark.parametrize(
    ("answer", "gpu", "state", "told"),
    [
        (Probed({"version": "2026.1", "cuda": "13.0"}), device(), State.OK, "copies frames"),
        (Probed({"version": "2026.1", "cuda": "13.0"}), device(cuda="12.4"), State.WRONG, "up to 12.4"),
        (Probed({}, "ImportError: libcuda.so.1: cannot open shared object file"), MISSING, State.NOTE, "only with"),
        (Probed({}, "ImportError: undefined symbol: cuMemCreate"), device(), State.WRONG, "compiles it for this machine"),
        (Probed({}, "crashes with SIGSEGV"), MISSING, State.WRONG, "compiles it for this machine"),
    ],
    ids=["works", "for a newer CUDA", "waits for a driver", "for another driver", "crashes"],
)  # fmt: skip
def test_a_pycuda_that_is_there(answer: Probed, gpu: Probed, state: State, told: str, tmp_path: Path) -> None:
    found = named("pycuda", look(tmp_path, cuda=gpu, pycuda=answer))
    assert found.state is state
    assert told in found.advice


@pytest.mark.parametrize(
    ("version", "cuda", "onnx", "gpu", "state", "told"),
    [
        ("2.13.0", "13.0", True, device(), State.OK, "runs the engines where TensorRT cannot;"),
        ("2.13.0", "13.0", False, device(), State.NOTE, "needs onnx"),
        ("2.13.0", "13.0", True, device(cuda="12.4"), State.WRONG, "update it, or install a build for CUDA 12"),
        ("2.13.0+cpu", "", True, device(), State.NOTE, "take its build for CUDA 13"),
        ("2.13.0+cpu", "", True, MISSING, State.OK, "trains and exports"),
    ],
    ids=["runs", "no onnx", "for a newer CUDA", "built without CUDA", "no GPU"],
)
def test_a_torch_that_is_there(
    version: str, cuda: str, onnx: bool, gpu: Probed, state: State, told: str, tmp_path: Path
) -> None:
    answer = Probed({"version": version, "cuda": cuda, "onnx": onnx})
    found = named("PyTorch", look(tmp_path, cuda=gpu, torch=answer))
    assert found.state is state
    assert version in found.found
    assert told in found.advice


def test_a_tensorrt_that_does_not_load(tmp_path: Path) -> None:
    found = named("TensorRT", look(tmp_path, cuda=device(), runtime=engines(unloadable="tensorrt")))
    assert (found.state, found.found) == (State.WRONG, "tensorrt, which does not load")
    assert found.advice == "tensorrt: the reason"


def test_a_cuda_python_that_is_there(tmp_path: Path) -> None:
    fits = named("cuda-python", look(tmp_path, cuda=device("8.7", "12.6"), runtime=engines(cuda_python="12.9.10")))
    newer = named("cuda-python", look(tmp_path, cuda=device("8.7", "12.6"), runtime=engines(cuda_python="13.5.0")))
    assert (fits.state, newer.state) == (State.OK, State.NOTE)
    assert "cuda-bindings==12.*" in newer.advice


def test_engines_that_cannot_be_asked(tmp_path: Path) -> None:
    findings = look(tmp_path, runtime=Probed({}, "crashes with SIGSEGV"))
    for name in ("TensorRT", "cuda-python"):
        assert named(name, findings).state is State.NOTE
        assert "first repair crashes with SIGSEGV" in named(name, findings).advice


def test_this_machines_gpu_is_looked_for_without_harm() -> None:
    gpu = find_gpu()
    cuda, engines, torch = probe("cuda"), probe("runtime"), probe("torch")
    assert not cuda.failure
    assert bool(cuda.facts.get("devices")) == (not isinstance(gpu, str))
    assert not engines.failure
    assert engines.facts["no_gpu"] == (gpu if isinstance(gpu, str) else "")
    assert torch.facts.get("missing") or torch.facts["version"]
    assert probe("pycuda") != Probed({}), "neither missing nor facts nor a failure"
