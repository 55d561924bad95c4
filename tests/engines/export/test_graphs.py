"""Exported graphs: the contract of a bundle, and the same answers on the CPU runtime as in torch, whatever the network."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the training extra")
for extra in ("onnxscript", "timm", "segmentation_models_pytorch"):
    if importlib.util.find_spec(extra) is None:
        pytest.skip(f"needs the training extra ({extra})", allow_module_level=True)

from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from engines.errors import EngineError  # noqa: E402
from engines.export.graph_outputs import ExportedNetworks, GraphOutputs  # noqa: E402
from engines.export.graphs import GateGraph, SegmenterGraph, network_input  # noqa: E402
from engines.export.onnx import export_gate, export_segmenter  # noqa: E402
from engines.export.parity import TorchNetworks, compare_outputs, holds, require_parity  # noqa: E402
from engines.networks.factory import build_network  # noqa: E402
from engines.networks.gate import Gate  # noqa: E402
from engines.networks.segmenter import Segmenter  # noqa: E402
from engines.networks.spec import NetworkSpec  # noqa: E402
from engines.runtime.openvino_quiet import ov  # noqa: E402
from tests.engines.export.weights import settled  # noqa: E402

pytestmark = pytest.mark.timeout(180)
Array = np.ndarray[Any, Any]


def _frames(height: int, width: int, count: int = 3) -> Array:
    """Blotches, so that neighbours agree as on a sheet."""
    coarse = np.random.default_rng(0).integers(0, 256, (count, height // 4 + 1, width // 4 + 1), dtype=np.uint8)
    return np.ascontiguousarray(coarse.repeat(4, 1).repeat(4, 2)[:, :height, :width])


def _limits(graph: SegmenterGraph, frames: Array) -> Array:
    """Thresholds that mark about a fiftieth of the pixels: random networks answer near 0.5 everywhere."""
    with torch.no_grad():
        logits = graph.network(network_input(torch.from_numpy(frames).float(), graph.scale, graph.multiple))
    p = (logits.softmax(dim=1) if graph.activation == "softmax" else logits.sigmoid())[:, : graph.classes]
    return np.quantile(p.numpy(), 0.98, axis=(0, 2, 3)).astype(np.float32)


CASES = {
    "lite0 at half resolution": (NetworkSpec(architecture="lite0-unet", stages=3, decoder_widths=(16, 8)), 4, 2, 64, 96),
    "lite0 at full resolution, odd frame": (
        NetworkSpec(architecture="lite0-unet", stages=3, decoder_widths=(16, 8)), 1, 1, 45, 51
    ),
    "lite0 softmax, halved odd frame": (
        NetworkSpec(architecture="lite0-unet", stages=3, decoder_widths=(16, 8), activation="softmax"), 3, 2, 45, 51
    ),
    "smp at full resolution, 8 classes": (NetworkSpec(architecture="unet", encoder="resnet18"), 8, 1, 64, 96),
    "smp softmax, padded at half resolution": (
        NetworkSpec(architecture="unet", encoder="resnet18", activation="softmax"), 2, 2, 70, 101
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_segmenter_answers_as_in_torch_and_as_by_hand(case: str, tmp_path: Path) -> None:
    spec, classes, scale, height, width = CASES[case]
    torch.manual_seed(0)
    graph = SegmenterGraph(settled(build_network(spec, classes), 64, 64), classes, scale, spec.activation)
    frames = _frames(height, width)
    limits = _limits(graph, frames)
    with torch.no_grad():
        mask, pixels, scores = (part.numpy() for part in graph(torch.from_numpy(frames), torch.from_numpy(limits)))
        logits = graph.network(network_input(torch.from_numpy(frames).float(), scale, graph.multiple))
    p = (logits.softmax(dim=1) if spec.activation == "softmax" else logits.sigmoid())[:, :classes]
    full = functional.interpolate(p, scale_factor=float(scale))[..., :height, :width].numpy()
    by_hand = sum((full[:, k] >= limits[k]).astype(np.uint8) << k for k in range(classes))
    assert (mask == by_hand).mean() > 0.9999  # a logit against the threshold's: the last digit may differ
    np.testing.assert_allclose(scores, full.max(axis=(2, 3)), atol=1e-5)
    np.testing.assert_array_equal(pixels, [[int((m >> k & 1).sum()) for k in range(classes)] for m in mask])
    assert pixels.min(axis=0).max() > 0
    export_segmenter(graph, tmp_path / "segmenter.onnx", height, width)
    segmenter = ov.Core().compile_model(tmp_path / "segmenter.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    for batch in (1, 3):
        found = segmenter([frames[:batch], limits])
        assert [found[name].dtype for name in ("mask", "pixels", "scores")] == [np.uint8, np.int32, np.float32]
        assert found["mask"].shape == (batch, height, width)
        assert (found["mask"] == mask[:batch]).mean() >= 0.995
        counted = [[int((m >> k & 1).sum()) for k in range(classes)] for m in found["mask"]]
        np.testing.assert_array_equal(found["pixels"], counted)
        np.testing.assert_allclose(found["scores"], scores[:batch], atol=1e-2)
    marked = [segmenter([frames, np.full(classes, limit, np.float32)])["pixels"].sum() for limit in (1e-4, 1.0)]
    assert marked == [classes * frames.size, 0]


@pytest.mark.parametrize(
    ("spec", "scale"),
    [(NetworkSpec(architecture="lite0-gate", stages=3), 2), (NetworkSpec(architecture="timm", encoder="resnet18"), 1)],
)
def test_a_gate_answers_as_in_torch(spec: NetworkSpec, scale: int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    graph = GateGraph(settled(build_network(spec, 3), 64, 64), scale)
    frames = _frames(45, 90)
    with torch.no_grad():
        expected = graph(torch.from_numpy(frames)).numpy()
    export_gate(graph, tmp_path / "gate.onnx", 45, 90)
    gate = ov.Core().compile_model(tmp_path / "gate.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    for batch in (1, 3):
        found = gate([frames[:batch]])["score"]
        assert (found.dtype, found.shape) == (np.float32, (batch,))
        np.testing.assert_allclose(found, expected[:batch], atol=1e-2)


class _Odd(nn.Module):
    """Logits that are NaN where the frame is black and infinite where it is white."""

    classes = 2

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.0, 0.5]).view(1, 2, 1, 1))

    def forward(self, x: Any) -> Any:
        return self.weight * (torch.log(x + 0.98) - torch.log(1.0 - x))


@pytest.mark.parametrize("precision", ["f32", "bf16"])
@pytest.mark.parametrize("level", [0, 255])
def test_a_single_odd_pixel_reaches_the_scores(level: int, precision: str, tmp_path: Path) -> None:
    """NaN or infinite: the line refuses such an answer, if only it is told."""
    export_segmenter(SegmenterGraph(_Odd(), 2, 1), tmp_path / "odd.onnx", 32, 64)
    odd = ov.Core().compile_model(tmp_path / "odd.onnx", "CPU", {"INFERENCE_PRECISION_HINT": precision})
    frame, limits = np.full((1, 32, 64), 100, np.uint8), np.full(2, 0.5, np.float32)
    assert np.isfinite(odd([frame, limits])["scores"]).all()
    frame[0, 7, 9] = level
    assert not np.isfinite(odd([frame, limits])["scores"]).any()
    frame[:] = level
    assert not np.isfinite(odd([frame, limits])["scores"]).any()


class _Blind(nn.Module):
    """A gate whose logit is NaN for a black frame."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x: Any) -> Any:
        return self.weight * torch.log(x.mean(dim=(1, 2, 3)) + 0.98)


@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_a_gate_that_knows_nothing_says_so(precision: str, tmp_path: Path) -> None:
    export_gate(GateGraph(_Blind(), 1), tmp_path / "blind.onnx", 32, 64)
    gate = ov.Core().compile_model(tmp_path / "blind.onnx", "CPU", {"INFERENCE_PRECISION_HINT": precision})
    assert np.isfinite(gate([np.full((1, 32, 64), 100, np.uint8)])["score"]).all()
    assert np.isnan(gate([np.zeros((1, 32, 64), np.uint8)])["score"]).all()


def test_parity_is_a_gate(tmp_path: Path) -> None:
    torch.manual_seed(0)
    gate, segmenter = GateGraph(settled(Gate(2, 3), 32, 32)), SegmenterGraph(settled(Segmenter(2, 3, (16, 8)), 32, 32))
    reference = TorchNetworks(gate, segmenter)
    frames = _frames(64, 96)
    limits = _limits(segmenter, frames).tolist()
    export_gate(gate, tmp_path / "gate.onnx", 64, 96)
    export_segmenter(segmenter, tmp_path / "segmenter.onnx", 64, 96)
    networks = ExportedNetworks(tmp_path / "gate.onnx", tmp_path / "segmenter.onnx")
    assert next(reference.gate.parameters()).dtype == torch.float32
    parity = compare_outputs(reference.outputs(list(frames), limits), networks.outputs(list(frames), limits))
    assert parity.score_difference < 1e-2
    assert parity.mask_agreement > 0.99
    with torch.no_grad():
        reference.gate.network.frame.bias += 1.0
    with pytest.raises(EngineError, match="do not answer as torch does"):
        require_parity(reference, networks, list(frames), limits)


def test_nan_is_no_parity() -> None:
    sound = GraphOutputs(np.zeros(1, np.float32), np.zeros((1, 2, 2), np.uint8), np.zeros((1, 1), np.float32))
    assert holds(compare_outputs(sound, sound))
    nan = GraphOutputs(np.zeros(1, np.float32), sound.masks, np.full((1, 1), np.nan, np.float32))
    assert not holds(compare_outputs(sound, nan))


def test_weights_beyond_half_precision_are_refused(tmp_path: Path) -> None:
    gate = settled(Gate(2, 3), 32, 32)
    with torch.no_grad():
        gate.frame.weight[0, 0] = 1e5
    with pytest.raises(EngineError, match=r"network\.frame\.weight holds values"):
        export_gate(GateGraph(gate), tmp_path / "gate.onnx", 64, 96)


def test_more_classes_than_bits_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected 1\.\.8"):
        SegmenterGraph(Segmenter(9))
