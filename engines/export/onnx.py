"""Write a graph of `engines.export.graphs` as ONNX, with its precision in the graph."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from engines.export.graphs import GateGraph, SegmenterGraph
from engines.export.half import BATCHES, to_half

OPSET = 18


def export_gate(graph: GateGraph, path: Path, height: int, width: int) -> None:
    """Write `gate.onnx`: half-precision weights, batch dimension free, frame size fixed."""
    frames = torch.zeros(2, height, width, dtype=torch.uint8)
    _export(graph, (frames,), path, ["frames"], ["score"])


def export_segmenter(graph: SegmenterGraph, path: Path, height: int, width: int) -> None:
    """Write `segmenter.onnx`: half-precision weights, batch dimension free, frame size and class count fixed."""
    frames = torch.zeros(2, height, width, dtype=torch.uint8)
    thresholds = torch.full((graph.classes,), 0.5)
    _export(graph, (frames, thresholds), path, ["frames", "thresholds"], ["mask", "pixels", "scores"])


def _export(
    graph: nn.Module, example: tuple[Tensor, ...], path: Path, inputs: Sequence[str], outputs: Sequence[str]
) -> None:
    to_half(graph)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter itself uses what it has deprecated
        torch.onnx.export(
            graph,
            example,
            path,
            input_names=list(inputs),
            output_names=list(outputs),
            opset_version=OPSET,
            dynamo=True,
            dynamic_shapes=({0: BATCHES}, *(None for _ in example[1:])),
            external_data=False,
            verbose=False,
        )
    _forget_origin(path)


def _forget_origin(path: Path) -> None:
    """Take out where each node came from: the exporter notes source lines with the paths of the machine that exported."""
    model = onnx.load(path)
    holders = [model, model.graph, *model.graph.node, *model.graph.value_info, *model.functions]
    holders += [node for function in model.functions for node in function.node]
    for holder in holders:
        del holder.metadata_props[:]
    onnx.save(model, path)
