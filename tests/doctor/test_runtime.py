"""What a line's engines would run on, by what a probe may answer, and plans in a real cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engines.bundle import Bundle
from engines.runtime.load import load_engines
from engines.tensorrt.cache import PlanCache
from engines.tensorrt.library import BUILDER_FLAGS
from engines.tensorrt.metadata import PlanMetadata
from inspector.config.inference import InferenceConfig
from inspector.doctor.configured_line import ConfiguredLine
from inspector.doctor.finding import Finding, State
from inspector.doctor.probing import Probed, probe
from inspector.doctor.runtime import runtime_of_a_line, usual_runtime
from tests.line_file import write_line

GPU = {"name": "NVIDIA L4", "capability": "8.9", "cuda": "13.0", "driver": "580.65.06"}
LIBRARY = {"name": "tensorrt", "version": "11.1.0", "capabilities": [], "cuda": "13"}
TORCH = Probed({"version": "2.13.0", "cuda": "13.0", "onnx": True})
TORCH_FOR_CPU = Probed({"version": "2.13.0+cpu", "cuda": "", "onnx": True})


def asked(tensorrt: str = "", torch: str = "") -> Probed:
    """The engines' answer where there is a GPU, with why a runtime cannot be taken."""
    return Probed(
        {
            "gpu": GPU,
            "no_gpu": "",
            "library": None if tensorrt else LIBRARY,
            "why_not_tensorrt": tensorrt,
            "why_not_torch": torch,
        }
    )


NO_GPU = Probed(
    {"gpu": None, "no_gpu": "no driver", "library": None, "why_not_tensorrt": "no driver", "why_not_torch": "no driver"}
)
NEITHER = asked("TensorRT: is not installed", "torch runtime: torch not installed")


@pytest.mark.parametrize(
    ("answer", "torch", "state", "found", "advice"),
    [
        (asked(), TORCH, State.OK, "tensorrt, on NVIDIA L4", "inspector engines build"),
        (asked("knows no 9.0"), TORCH, State.NOTE, "torch, on NVIDIA L4", "knows no 9.0"),
        (asked("knows no 9.0"), TORCH_FOR_CPU, State.WRONG, "torch, which cannot use", "inference.runtime: openvino"),
        (NEITHER, Probed({"missing": True}), State.NOTE, "openvino, on the CPU", "TensorRT: is not installed; torch"),
        (NO_GPU, TORCH, State.NOTE, "openvino, on the CPU", "no driver; a line uses the CPU only with"),
        (Probed({}, "crashes with SIGILL"), TORCH, State.NOTE, "not looked at", "SIGILL"),
    ],
    ids=["tensorrt", "torch", "torch without CUDA", "neither", "no GPU", "broken"],
)
def test_what_auto_takes(answer: Probed, torch: Probed, state: State, found: str, advice: str) -> None:
    finding = usual_runtime(answer, torch)
    assert (finding.state, finding.stops_the_line) == (state, False)
    assert found in finding.found
    assert advice in finding.advice


@pytest.mark.parametrize(
    ("keys", "answer", "found", "stops"),
    [
        ({}, NO_GPU, "no GPU to use", True),
        ({}, NEITHER, "no GPU to use", True),
        ({}, asked(), "tensorrt", False),
        ({}, asked("none"), "torch", False),
        ({"allow_cpu": True}, NO_GPU, "openvino", False),
        ({"allow_cpu": True}, asked(), "tensorrt", False),
        ({"runtime": "openvino"}, asked(), "openvino", False),
        ({"runtime": "openvino"}, Probed({}, "crashes"), "openvino", False),
        ({"runtime": "tensorrt"}, asked(), "tensorrt", False),
        ({"runtime": "tensorrt", "allow_cpu": True}, NO_GPU, "no tensorrt here", True),
        ({"runtime": "tensorrt"}, asked("none"), "no tensorrt here", True),
        ({"runtime": "torch"}, asked(), "torch", False),
        ({"runtime": "torch"}, asked("", "onnx not installed"), "no torch here", True),
        ({}, Probed({}, "crashes"), "not looked at", False),
    ],
)
def test_what_a_line_takes(keys: dict[str, Any], answer: Probed, found: str, stops: bool) -> None:
    finding = runtime_of_a_line(InferenceConfig(**keys), answer, TORCH)
    assert finding.found.startswith(found)
    assert finding.stops_the_line == stops


def test_the_engines_are_of_the_same_mind(tiny_bundle: Bundle) -> None:
    answer, torch = probe("runtime"), probe("torch")
    finding = usual_runtime(answer, torch)
    if answer.facts["gpu"]:
        pytest.skip("there is a GPU: tests/gpu loads engines on it")
    loaded = load_engines(tiny_bundle, runtime="auto", allow_cpu=True)
    loaded.engines.close()
    assert finding.found == "openvino, on the CPU"
    assert finding.advice.split(";")[0] in loaded.note


@pytest.fixture
def plans(tiny_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PlanCache:
    """A cache of this user's, with plans of both networks for the GPU."""
    monkeypatch.setenv("INSPECTOR_CACHE", str(tmp_path / "plans"))
    cache = PlanCache.default()
    for network, digest in tiny_bundle.graph_digests().items():
        metadata = PlanMetadata(
            bundle=tiny_bundle.id,
            network=network,
            onnx_sha256=digest,
            library=LIBRARY["name"],
            version=LIBRARY["version"],
            capability=GPU["capability"],
            driver=GPU["driver"],
            cuda=GPU["cuda"],
            max_batch=8,
            builder_flags=BUILDER_FLAGS[LIBRARY["name"]],
            workspace_mib=1024,
            precisions={},
            layers={},
        )
        cache.store(metadata, b"a plan of " + network.encode())
    return cache


def of_a_line(bundle: Bundle, folder: Path, answer: Probed, **inference: Any) -> dict[str, Finding]:
    line = ConfiguredLine(write_line(folder, bundle.path, inference=inference))
    return {finding.name: finding for finding in line.engines(answer, TORCH)}


def test_plans_that_are_there(plans: PlanCache, tiny_bundle: Bundle, tmp_path: Path) -> None:
    found = of_a_line(tiny_bundle, tmp_path, asked())["Plans"]
    assert found.state is State.OK
    assert found.found.startswith(f"gate and segmenter in {plans.folder}")


def test_plans_for_smaller_batches(plans: PlanCache, tiny_bundle: Bundle, tmp_path: Path) -> None:
    found = of_a_line(tiny_bundle, tmp_path, asked(), max_batch=16)["Plans"]
    assert found.stops_the_line
    assert f"inspector engines build {tiny_bundle.path} --max-batch 16`" in found.advice


def test_a_plan_that_was_altered(plans: PlanCache, tiny_bundle: Bundle, tmp_path: Path) -> None:
    plans.plans()[0].write_bytes(b"something else")
    found = of_a_line(tiny_bundle, tmp_path, asked())["Plans"]
    assert found.stops_the_line
    assert "was altered" in found.found


def test_no_plans_yet(tiny_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECTOR_CACHE", str(tmp_path / "none"))
    found = of_a_line(tiny_bundle, tmp_path, asked())["Plans"]
    assert found.stops_the_line
    assert "has no plan in" in found.found
    assert not (tmp_path / "none").exists(), "the doctor left something behind"


@pytest.mark.parametrize("keys", [{"runtime": "openvino"}, {"runtime": "torch"}])
def test_a_line_that_needs_no_plans(keys: dict[str, str], tiny_bundle: Bundle, tmp_path: Path) -> None:
    assert set(of_a_line(tiny_bundle, tmp_path, asked(), **keys)) == {"Runtime"}
    assert set(of_a_line(tiny_bundle, tmp_path, NO_GPU)) == {"Runtime"}
