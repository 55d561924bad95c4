"""Both networks of a bundle, exported: their ONNX files, what a frame costs, and torch's own outputs to compare with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from torch import nn

from engines.export.graphs import GateGraph, SegmenterGraph, network_multiple
from engines.export.onnx import export_gate, export_segmenter
from engines.export.parity import TorchNetworks
from engines.networks.cost import count_cost
from engines.training.weights import Trained


@dataclass(frozen=True)
class NetworkPair:
    """Two exported networks."""

    gate: Path
    segmenter: Path
    costs: tuple[str, str]
    """Parameters and operations of gate and segmenter, in words."""
    reference: TorchNetworks

    @property
    def paths(self) -> tuple[Path, Path]:
        """The ONNX files of gate and segmenter."""
        return self.gate, self.segmenter


def export_pair(gate: Trained, segmenter: Trained, folder: Path, began: Callable[[str], None]) -> NetworkPair:
    """Write ``gate.onnx`` and ``segmenter.onnx`` into ``folder``; ``began`` is told what is exported next.

    Raises DataError where this version builds a network otherwise than the weights are for.
    """
    networks = gate.build(), segmenter.build()
    costs = _cost(gate, networks[0]), _cost(segmenter, networks[1])
    activation: Literal["sigmoid", "softmax"] = segmenter.network.activation
    gate_graph = GateGraph(networks[0], gate.scale)
    segmenter_graph = SegmenterGraph(networks[1], len(segmenter.classes), segmenter.scale, activation)
    reference = TorchNetworks(gate_graph, segmenter_graph)  # a copy: exporting changes the graphs
    pair = NetworkPair(folder / "gate.onnx", folder / "segmenter.onnx", costs, reference)
    began("exporting the gate")
    export_gate(gate_graph, pair.gate, gate.height, gate.width)
    began("exporting the segmenter")
    export_segmenter(segmenter_graph, pair.segmenter, segmenter.height, segmenter.width)
    return pair


def _cost(trained: Trained, network: nn.Module) -> str:
    """Of one frame; its sides are rounded up to what the network takes."""
    multiple = network_multiple(network)
    height, width = (-(-side // (trained.scale * multiple)) * multiple for side in (trained.height, trained.width))
    return str(count_cost(network, height, width))
