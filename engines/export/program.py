"""A bundle's networks as torch programs, made of the trained weights that it was built from: for plans that are built without ONNX."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import torch
from torch.export import ExportedProgram

from engines.bundle import Bundle, Contents
from engines.errors import DataError, EngineError
from engines.export.graph_outputs import GraphOutputs
from engines.export.graphs import GateGraph, SegmenterGraph
from engines.export.half import BATCHES, to_half
from engines.export.parity import TorchNetworks, compare_outputs, holds
from engines.training.weights import Trained, load_weights


def read_graphs(contents: Contents, gate: Path, segmenter: Path) -> tuple[GateGraph, SegmenterGraph]:
    """The graphs of two files of weights, proved in torch to answer as the bundle's golden frames say.

    Raises DataError: not weights, or of other frames or classes; EngineError: not those that the bundle was built from.
    """
    bundle = contents.bundle
    first, second = _read(bundle, gate, "gate"), _read(bundle, segmenter, "segmenter")
    graphs = (
        GateGraph(first.build(), first.scale),
        SegmenterGraph(second.build(), len(second.classes), second.scale, second.network.activation),
    )
    _require_golden(contents, *graphs)
    return graphs


def half_program(graph: GateGraph | SegmenterGraph, height: int, width: int) -> ExportedProgram:
    """The graph, which becomes one of half precision, as torch exports it: batch dimension free, frame size fixed."""
    to_half(graph)
    frames = torch.zeros(2, height, width, dtype=torch.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter itself uses what it has deprecated
        if isinstance(graph, GateGraph):
            return torch.export.export(graph, (frames,), dynamic_shapes=({0: BATCHES},))
        thresholds = torch.full((graph.classes,), 0.5)
        return torch.export.export(graph, (frames, thresholds), dynamic_shapes=({0: BATCHES}, None))


def _read(bundle: Bundle, path: Path, kind: str) -> Trained:
    trained = load_weights(path)
    found = trained.kind, trained.height, trained.width, trained.classes
    if found != (kind, bundle.height, bundle.width, bundle.classes):
        raise DataError(
            f"{path}: holds a {trained.kind} for {trained.height}x{trained.width} and {', '.join(trained.classes)}; "
            f"the {kind} of {bundle.id} is for {bundle.height}x{bundle.width} and {', '.join(bundle.classes)}: "
            "give the weights that the bundle was built from"
        )
    return trained


def _require_golden(contents: Contents, gate: GateGraph, segmenter: SegmenterGraph) -> None:
    samples = contents.golden
    wanted = GraphOutputs(
        np.array([one.gate_score for one in samples], np.float32),
        np.stack([one.mask for one in samples]),
        np.array([one.scores for one in samples], np.float32),
    )
    found = TorchNetworks(gate, segmenter).outputs([one.frame for one in samples], contents.golden_thresholds)
    parity = compare_outputs(wanted, found)
    if not holds(parity):
        raise EngineError(
            f"{contents.bundle.id}: these weights do not answer as its golden frames say ({parity}); give those that it was built from"
        )
