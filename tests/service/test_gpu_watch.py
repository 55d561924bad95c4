"""Figures of GPUs: from a library with NVML's functions, compiled here, and from a thermal zone."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from inspector.service.gpu_watch import GpuWatch
from inspector.service.nvml import GpuFigures, Nvml
from tests.results.publishing import eventually

SOURCE = r"""
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
struct memory { unsigned long long total, free, used; };
static int asked;
int nvmlInit_v2(void) { return getenv("NVML_BROKEN") ? 9 : 0; }
int nvmlShutdown(void) { return 0; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 3; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **handle) {
  if (getenv("NVML_HANGS")) pause();
  *handle = (char *)&asked + index;
  return index == 1 ? 15 : 0;
}
int nvmlDeviceGetName(void *handle, char *name, unsigned length) { strncpy(name, "NVIDIA Test", length); return 0; }
int nvmlDeviceGetTemperature(void *handle, int sensor, unsigned *degrees) {
  *degrees = 40 + ((char *)handle - (char *)&asked);
  return 0;
}
int nvmlDeviceGetMemoryInfo(void *handle, struct memory *memory) {
  memory->total = 150ull << 30; memory->used = 7ull << 30; memory->free = 143ull << 30;
  return (char *)handle == (char *)&asked ? 0 : 3;
}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> str:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    folder = tmp_path_factory.mktemp("nvml")
    (folder / "nvml.c").write_text(SOURCE)
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-w", "-o", str(folder / "nvml.so"), str(folder / "nvml.c")], check=True, timeout=50
    )
    return str(folder / "nvml.so")


@pytest.fixture
def zone(tmp_path: Path) -> Path:
    for number, kind in enumerate(("cpu-thermal", "GPU-therm")):
        folder = tmp_path / f"thermal_zone{number}"
        folder.mkdir()
        (folder / "type").write_text(f"{kind}\n")
        (folder / "temp").write_text("48500\n")
    return tmp_path


def test_every_gpu_that_answers_is_read(library: str) -> None:
    nvml = Nvml(library)
    assert nvml.read() == [
        GpuFigures(0, "NVIDIA Test", 40.0, 7 << 30, 150 << 30),
        GpuFigures(2, "NVIDIA Test", 42.0, None, None),
    ]
    nvml.close()


def test_the_newest_figures_are_kept_beside_the_line(library: str, tmp_path: Path) -> None:
    with GpuWatch(library, tmp_path) as watch:
        eventually(lambda: len(watch.figures) == 2)


@pytest.mark.parametrize("variable", ["NVML_BROKEN", "NVML_HANGS"])
def test_a_driver_that_fails_or_hangs_holds_up_nothing(
    library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "1")
    begun = time.monotonic()
    with GpuWatch(library, tmp_path) as watch:
        pass
    assert watch.figures == ()
    assert time.monotonic() - begun < 0.5


def test_a_jetson_tells_its_temperature_by_a_thermal_zone(zone: Path) -> None:
    with GpuWatch("libnone.so.1", zone) as watch:
        eventually(lambda: watch.figures == (GpuFigures(0, "integrated", 48.5, None, None),))
    (zone / "thermal_zone1/temp").unlink()
    with GpuWatch("libnone.so.1", zone) as watch:
        eventually(lambda: watch.figures == (GpuFigures(0, "integrated", None, None, None),))


def test_without_a_gpu_there_is_no_thread(tmp_path: Path) -> None:
    with GpuWatch("libnone.so.1", tmp_path) as watch:
        eventually(lambda: not watch._thread.is_alive())
    assert watch.figures == ()
