"""Exports two networks at full size with random weights and runs them on the CPU runtime: `python -m engines.export.size_proof`.

Shows that the source paper's largest networks, an EfficientNet-B3 U-Net and a ResNet50 gate on 256x1600, go through export and
runtime with parity held, and what a frame of each costs on this machine.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn

from engines.export.answers import ExportedNetworks, Grey
from engines.export.graphs import GateGraph, SegmenterGraph, network_input
from engines.export.onnx import export_gate, export_segmenter
from engines.export.parity import TorchNetworks, require_parity
from engines.networks.cost import count_cost
from engines.networks.factory import build_network
from engines.networks.spec import NetworkSpec
from engines.runtime.openvino_runtime import cpu_name, cpu_precisions

_ROUNDS = 15
_COVER = 0.02
"""Share of the pixels the thresholds mark: about what defects cover. Random weights answer near 0.5 everywhere, where the last digit
decides; trained ones do not."""


def main() -> int:
    """Print a table; EngineError where parity does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gate", default="resnet50", help="encoder of the gate (timm)")
    parser.add_argument(
        "--segmenter", default="efficientnet-b3", help="encoder of the U-Net (segmentation-models-pytorch)"
    )
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--width", type=int, default=1600)
    parser.add_argument("--classes", type=int, default=4)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    gate = _settled(build_network(NetworkSpec(architecture="timm", encoder=arguments.gate), arguments.classes))
    unet = _settled(build_network(NetworkSpec(architecture="unet", encoder=arguments.segmenter), arguments.classes))
    size = (arguments.height, arguments.width)
    costs = [count_cost(network, *size) for network in (gate, unet)]
    graphs = GateGraph(gate, 1), SegmenterGraph(unet, arguments.classes, 1)
    reference = TorchNetworks(*graphs)
    frames = [_frame(*size, seed) for seed in range(2)]
    thresholds = _thresholds(reference.segmenter, frames[0])
    with tempfile.TemporaryDirectory() as folder:
        paths = Path(folder) / "gate.onnx", Path(folder) / "segmenter.onnx"
        export_gate(graphs[0], paths[0], *size)
        export_segmenter(graphs[1], paths[1], *size)
        networks = {
            precision: ExportedNetworks(*paths, precision) for precision in dict.fromkeys((*cpu_precisions(), "f32"))
        }
        print(f"{cpu_name()}: {require_parity(reference, networks['f32'], frames, thresholds)}")
        for i, name in enumerate((f"gate {arguments.gate}", f"segmenter {arguments.segmenter}")):
            nodes = len(onnx.load(paths[i]).graph.node)
            times = _times(list(networks.values()), frames[0], thresholds, gate=i == 0)
            told = ", ".join(
                f"{p} {best:.0f} ms (median {middle:.0f})" for p, (best, middle) in zip(networks, times, strict=True)
            )
            print(
                f"{name}: {costs[i]}, {nodes} nodes, {paths[i].stat().st_size / 1e6:.1f} MB; best of {_ROUNDS}: {told}"
            )
    return 0


def _settled(network: nn.Module) -> nn.Module:
    """In eval mode, with normalisation statistics of its own activations."""
    network.train()
    with torch.no_grad():
        for _ in range(3):
            network(torch.randn(2, 1, 256, 256) * 0.4)
    return network.eval()


def _frame(height: int, width: int, seed: int) -> Grey:
    """Blotches of 4 px."""
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 4 + 1, width // 4 + 1), dtype=np.uint8)
    return np.ascontiguousarray(coarse.repeat(4, 0).repeat(4, 1)[:height, :width])


def _thresholds(graph: SegmenterGraph, frame: Grey) -> list[float]:
    with torch.inference_mode():
        x = network_input(torch.from_numpy(frame)[None].float(), graph.scale, graph.multiple)
        probability = graph.network(x).sigmoid()[0].numpy()
    return [float(value) for value in np.quantile(probability, 1 - _COVER, axis=(1, 2))]


def _times(
    networks: list[ExportedNetworks], frame: Grey, thresholds: list[float], gate: bool
) -> list[tuple[float, float]]:
    """Best and median milliseconds of a frame for each, measured in turn."""
    calls: list[Callable[[], object]] = [
        (lambda n=n: n.score([frame])) if gate else (lambda n=n: n.segment([frame], thresholds))  # type: ignore[misc]
        for n in networks
    ]
    taken: list[list[float]] = [[] for _ in calls]
    for _ in range(_ROUNDS):
        for call, own in zip(calls, taken, strict=True):
            start = time.perf_counter()
            call()
            own.append(1e3 * (time.perf_counter() - start))
    return [(min(own), statistics.median(own)) for own in taken]


if __name__ == "__main__":
    sys.exit(main())
