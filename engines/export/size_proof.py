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

import onnx

from engines.export.graph_outputs import ExportedNetworks, Grey
from engines.export.onnx import export_gate, export_segmenter
from engines.export.parity import TorchNetworks, require_parity
from engines.export.random_bundle import blotched_frame, random_graphs, sparse_thresholds
from engines.networks.cost import count_cost
from engines.runtime.openvino_runtime import cpu_name, cpu_precisions

_ROUNDS = 15


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
    graphs = random_graphs(arguments.gate, arguments.segmenter, arguments.classes)
    size = (arguments.height, arguments.width)
    costs = [count_cost(graph.network, *size) for graph in graphs]
    reference = TorchNetworks(*graphs)
    frames = [blotched_frame(*size, seed) for seed in range(2)]
    thresholds = sparse_thresholds(reference.segmenter, frames[0])
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
