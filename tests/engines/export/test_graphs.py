"""Exported graphs: the contract of a bundle, and the same answers on the CPU runtime as in torch."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest

torch = pytest.importorskip("torch", reason="needs the training extra")
pytest.importorskip("onnxscript", reason="needs the training extra")

from engines.export.graphs import GateGraph, SegmenterGraph, halve  # noqa: E402
from engines.export.onnx import export_gate, export_segmenter  # noqa: E402
from engines.networks.gate import Gate  # noqa: E402
from engines.networks.segmenter import Segmenter  # noqa: E402

HEIGHT, WIDTH, CLASSES = 64, 128, 3


@pytest.fixture(scope="module")
def frames() -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(0).integers(0, 256, (3, HEIGHT, WIDTH), dtype=np.uint8)


def _settled(network: Any) -> Any:
    """The network with normalisation statistics of real activations, so that its answers are spread out."""
    torch.manual_seed(1)
    network.train()
    with torch.no_grad():
        for _ in range(60):
            network(halve(torch.randint(0, 256, (4, HEIGHT, WIDTH)).float()))
    return network.eval()


def _compile(path: Path) -> Any:
    return ov.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})


def _quietly(export: Any, graph: Any, path: Path) -> None:
    with warnings.catch_warnings():
        # The exporter itself uses what it has deprecated.
        warnings.simplefilter("ignore")
        export(graph, path, HEIGHT, WIDTH)


def test_the_gate_answers_as_in_torch(tmp_path: Path, frames: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    torch.manual_seed(0)
    graph = GateGraph(_settled(Gate(CLASSES)))
    with torch.no_grad():
        expected = graph(torch.from_numpy(frames)).numpy()
    _quietly(export_gate, graph, tmp_path / "gate.onnx")
    gate = _compile(tmp_path / "gate.onnx")
    for batch in (1, 3):
        found = gate([frames[:batch]])["score"]
        assert (found.dtype, found.shape) == (np.float32, (batch,))
        np.testing.assert_allclose(found, expected[:batch], atol=1e-2)


def test_the_segmenter_answers_as_in_torch(tmp_path: Path, frames: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    torch.manual_seed(0)
    graph = SegmenterGraph(_settled(Segmenter(CLASSES)))
    limits = np.array([0.5, 0.6, 0.4], np.float32)
    with torch.no_grad():
        logits = graph.network(halve(torch.from_numpy(frames).float()))
        mask, pixels, scores = (part.numpy() for part in graph(torch.from_numpy(frames), torch.from_numpy(limits)))
    by_hand = sum((logits[:, k].sigmoid() >= float(limits[k])).int() << k for k in range(CLASSES))
    np.testing.assert_array_equal(mask, np.kron(by_hand.numpy(), np.ones((1, 2, 2))))
    _quietly(export_segmenter, graph, tmp_path / "segmenter.onnx")
    segmenter = _compile(tmp_path / "segmenter.onnx")
    for batch in (1, 3):
        found = segmenter([frames[:batch], limits])
        assert [found[name].dtype for name in ("mask", "pixels", "scores")] == [np.uint8, np.int32, np.float32]
        assert (found["mask"] == mask[:batch]).mean() > 0.98
        counted = [[int((m >> k & 1).sum()) for k in range(CLASSES)] for m in found["mask"]]
        np.testing.assert_array_equal(found["pixels"], counted)
        np.testing.assert_allclose(found["scores"], scores[:batch], atol=1e-2)
    assert pixels.sum() > 0


def test_thresholds_are_inputs(tmp_path: Path, frames: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    torch.manual_seed(0)
    _quietly(export_segmenter, SegmenterGraph(_settled(Segmenter(CLASSES))), tmp_path / "segmenter.onnx")
    segmenter = _compile(tmp_path / "segmenter.onnx")
    counts = [segmenter([frames, np.full(CLASSES, limit, np.float32)])["pixels"].sum() for limit in (0.0, 0.5, 1.0)]
    assert counts[0] == CLASSES * frames.size > counts[1] > counts[2] == 0


def test_more_classes_than_bits_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected 1\.\.8"):
        SegmenterGraph(Segmenter(9))
