"""Engines are loaded only when the bundle is whole and the golden frames agree."""

from __future__ import annotations

import queue
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from engines.bundle import GOLDEN, Bundle, read_bundle
from engines.errors import BundleError, EngineError, NoGpuError
from engines.gpu import Gpu, find_gpu
from engines.runtime.batches import bucket, buckets
from engines.runtime.cuda.load import why_not_torch
from engines.runtime.load import load_engines
from engines.tensorrt.machine import why_not_tensorrt
from tests.tiny_bundle import frame_with, make_tiny_bundle


@pytest.fixture
def copy(tiny_bundle: Bundle, tmp_path: Path) -> Path:
    shutil.copytree(tiny_bundle.path, tmp_path / "copy")
    return tmp_path / "copy"


def test_answers_are_those_worked_out_by_hand(tiny_bundle: Bundle) -> None:
    loaded = load_engines(tiny_bundle, runtime="openvino", precision="f32", lanes=2, max_batch=3)
    box: queue.SimpleQueue = queue.SimpleQueue()
    frames = [frame_with([(64, 3)]), frame_with([(192, 2), (64, 4)]), frame_with([])]
    masks = [np.full_like(f, 255) for f in frames]
    try:
        loaded.engines.gate.enqueue(frames, box.put)
        np.testing.assert_allclose(box.get(timeout=10).scores, [100 / 255, 192 / 255, 100 / 255], atol=1e-5)
        loaded.engines.segmenter.enqueue(frames, masks, box.put)
        answer = box.get(timeout=10)
    finally:
        loaded.engines.close()
    assert answer.pixels.tolist() == [[9, 0], [16, 4], [0, 0]]
    np.testing.assert_allclose(answer.scores, [[1, 0], [1, 1], [0, 0]], atol=1e-5)
    assert [int(m.sum()) for m in masks] == [9, 16 + 2 * 4, 0]
    assert masks[0][2, 2] == 1
    assert masks[1][2, 2] == 2


def test_thresholds_come_from_the_operating_point(copy: Path) -> None:
    point = copy / "operating_point.yaml"
    point.write_text(point.read_text().replace("dark: 0.5", "dark: 0.9"))
    bundle = read_bundle(copy)
    loaded = load_engines(bundle, runtime="openvino", precision="f32", lanes=1)
    box: queue.SimpleQueue = queue.SimpleQueue()
    frame = frame_with([(68, 3)])  # probability 0.75
    loaded.engines.segmenter.enqueue([frame], [np.zeros_like(frame)], box.put)
    pixels = box.get(timeout=10).pixels.tolist()
    loaded.engines.close()
    assert pixels == [[0, 0]]


def test_an_engine_error_reaches_the_caller_and_the_lane_lives_on(tiny_bundle: Bundle) -> None:
    engines = load_engines(tiny_bundle, runtime="openvino", precision="f32", lanes=1).engines
    box: queue.SimpleQueue = queue.SimpleQueue()
    engines.gate.enqueue([np.zeros((3, 3), np.uint8)], box.put)
    engines.gate.enqueue([frame_with([])], box.put)
    first, second = box.get(timeout=10), box.get(timeout=10)
    engines.close()
    assert isinstance(first, Exception)
    assert second.scores.shape == (1,)


@pytest.mark.parametrize("victim", ["gate.onnx", "golden/0.png", "card.md"])
def test_altered_file_is_refused_by_name(copy: Path, victim: str) -> None:
    with (copy / victim).open("ab") as file:
        file.write(b"x")
    with pytest.raises(BundleError, match=rf"{victim}: was altered"):
        load_engines(read_bundle(copy), runtime="openvino")


def test_missing_file_is_refused_by_name(copy: Path) -> None:
    (copy / "segmenter.onnx").unlink()
    with pytest.raises(BundleError, match=r"segmenter\.onnx: is missing"):
        load_engines(read_bundle(copy), runtime="openvino")


def test_no_bundle_there(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="bundle"):
        read_bundle(tmp_path)


def test_operating_point_of_other_classes_is_refused(copy: Path) -> None:
    point = copy / "operating_point.yaml"
    point.write_text(point.read_text().replace("bright", "shiny"))
    with pytest.raises(BundleError, match=r"operating_point\.yaml.*shiny"):
        read_bundle(copy)


def test_engines_that_disagree_with_golden_frames_are_refused(tmp_path: Path) -> None:
    bundle = make_tiny_bundle(tmp_path / "b")
    golden = bundle.path / GOLDEN
    golden.write_text(golden.read_text().replace("0.39215", "0.99215"))
    manifest = bundle.path / "bundle.yaml"
    import hashlib

    old = bundle.manifest.files[GOLDEN]
    manifest.write_text(manifest.read_text().replace(old, hashlib.sha256(golden.read_bytes()).hexdigest()))
    with pytest.raises(EngineError, match="disagrees with the bundle's golden frames"):
        load_engines(read_bundle(bundle.path), runtime="openvino")


def test_a_nan_on_a_golden_frame_is_refused(tmp_path: Path) -> None:
    bundle = make_tiny_bundle(tmp_path / "b", gate_nan_at=192)
    with pytest.raises(EngineError, match="disagrees"):
        load_engines(bundle, runtime="openvino")


NO_GPU = find_gpu()
without_gpu = pytest.mark.skipif(not isinstance(NO_GPU, str), reason="this machine has a GPU")


@without_gpu
@pytest.mark.parametrize("runtime", ["tensorrt", "torch"])
def test_a_gpu_that_is_asked_for_and_not_there_is_said_in_one_line(tiny_bundle: Bundle, runtime: str) -> None:
    with pytest.raises(NoGpuError) as refused:
        load_engines(tiny_bundle, runtime=runtime, allow_cpu=True)
    assert str(refused.value) == f"no GPU to run the engines on ({NO_GPU})"
    assert (refused.value.reason, refused.value.runtime) == (NO_GPU, runtime)


@without_gpu
def test_auto_takes_the_cpu_only_where_that_is_allowed_and_says_why(tiny_bundle: Bundle) -> None:
    with pytest.raises(NoGpuError):
        load_engines(tiny_bundle, allow_cpu=False)
    loaded = load_engines(tiny_bundle, precision="f32", allow_cpu=True)
    loaded.engines.close()
    assert loaded.note == f"on the CPU, no GPU: {NO_GPU}"
    assert loaded.cpu_fallback
    chosen = load_engines(tiny_bundle, runtime="openvino", precision="f32", allow_cpu=False)
    chosen.engines.close()
    assert (chosen.note, chosen.cpu_fallback) == ("", False)


def test_a_runtime_nobody_knows_is_refused(tiny_bundle: Bundle) -> None:
    with pytest.raises(EngineError, match="expected auto, tensorrt, torch or openvino"):
        load_engines(tiny_bundle, runtime="cuda")


def test_a_gpu_that_no_library_here_can_use_is_told_with_every_reason(tiny_bundle: Bundle) -> None:
    """What is asked before a GPU is touched: so that it can be asked here."""
    gpu = Gpu("NVIDIA H200", "9.0", "13.0", "580.1")
    why = why_not_tensorrt(gpu)
    if find_spec("tensorrt_rtx") is None and find_spec("tensorrt") is None:
        assert why.startswith("TensorRT: is not installed")
    elif find_spec("pycuda") is None:
        assert why.startswith("pycuda: is not installed")
    missing = [name for name in ("torch", "onnx", "pycuda") if find_spec(name) is None]
    assert why_not_torch() == (f"torch runtime: {', '.join(missing)} not installed" if missing else "")


def test_batches_are_filled_up_to_prepared_sizes() -> None:
    assert buckets(8) == [1, 2, 4, 8]
    assert buckets(6) == [1, 2, 4, 6]
    assert buckets(1) == [1]
    assert [bucket(count, 6) for count in range(1, 7)] == [1, 2, 4, 4, 6, 6]
