"""A bundle of two real ONNX networks so small that every answer can be worked out by hand.

Gate: score = brightest pixel / 255. Segmenter, classes ``dark`` and ``bright``: the probability of a class falls linearly from 1 at
its grey level (64, 192) to 0 at 16 grey levels away.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from engines.bundle import Bundle, GoldenSample, write_bundle
from engines.operating_point import OperatingPoint

CLASSES = ("dark", "bright")
LEVELS = dict(zip(CLASSES, (64.0, 192.0), strict=True))
HEIGHT, WIDTH = 32, 48
CLEAN_LEVEL = 100
"""Grey of a frame that the gate passes as clean."""


def make_tiny_bundle(
    directory: Path,
    height: int = HEIGHT,
    width: int = WIDTH,
    *,
    gate_nan_at: int | None = None,
    name: str = "tiny",
    levels: dict[str, float] = LEVELS,
    gate_threshold: float = 0.5,
) -> Bundle:
    """Write a tiny bundle; with ``gate_nan_at`` the gate answers NaN for a frame whose brightest pixel has that level. ``levels`` has
    the classes and the grey level of each."""
    onnx_dir = directory.parent / f"{directory.name}-onnx"
    onnx_dir.mkdir(parents=True)
    onnx.save(_gate(height, width, gate_nan_at), onnx_dir / "gate.onnx")
    onnx.save(_segmenter(height, width, list(levels.values())), onnx_dir / "segmenter.onnx")
    samples = [golden_sample(height, width, levels, squares) for squares in ((), ((64, 3), (192, 5)))]
    half = dict.fromkeys(levels, 0.5)
    return write_bundle(
        directory,
        name=name,
        version="1",
        classes=tuple(levels),
        gate_onnx=onnx_dir / "gate.onnx",
        segmenter_onnx=onnx_dir / "segmenter.onnx",
        operating_point=OperatingPoint(gate_threshold=gate_threshold, mask_thresholds=half),
        golden_thresholds=tuple(half.values()),
        golden=samples,
        card="# tiny\n",
        training={"data": "none"},
    )


def frame_with(
    squares: Sequence[tuple[int, int]], height: int = HEIGHT, width: int = WIDTH, background: int = CLEAN_LEVEL
) -> NDArray[np.uint8]:
    """A frame of ``background`` grey, a little darker in stripes as a sheet is, with squares (level, side) along its upper edge."""
    waves = np.sin(np.arange(width) / 5)[None, :] + np.sin(np.arange(height) / 3)[:, None]
    frame = (background - 5 * (waves.max() - waves)).round().clip(0).astype(np.uint8)
    x = 2
    for level, side in squares:
        frame[2 : 2 + side, x : x + side] = level
        x += side + 4
    return frame


def golden_sample(
    height: int, width: int, levels: dict[str, float], squares: Sequence[tuple[int, int]]
) -> GoldenSample:
    """A frame with squares, and what networks for these levels say of it."""
    frame = frame_with(squares, height, width)
    probabilities = [np.clip(1 - np.abs(frame.astype(np.float32) - level) / 16, 0, 1) for level in levels.values()]
    mask = sum(((p >= 0.5).astype(np.uint8) << k for k, p in enumerate(probabilities)), np.zeros_like(frame))
    return GoldenSample(
        frame, mask.astype(np.uint8), float(frame.max()) / 255, tuple(float(p.max()) for p in probabilities)
    )


def _constant(name: str, value: object, dtype: type) -> onnx.TensorProto:
    return numpy_helper.from_array(np.asarray(value, dtype), name)


def _model(nodes: list[onnx.NodeProto], inputs: list, outputs: list, constants: list) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def _gate(height: int, width: int, nan_at: int | None) -> onnx.ModelProto:
    nodes = [
        helper.make_node("Cast", ["frames"], ["x"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["x", "axes"], ["top"], keepdims=0),
        helper.make_node("Div", ["top", "full"], ["ratio"]),
    ]
    constants = [_constant("axes", [1, 2], np.int64), _constant("full", 255.0, np.float32)]
    if nan_at is None:
        nodes.append(helper.make_node("Identity", ["ratio"], ["score"]))
    else:
        constants += [_constant("odd", float(nan_at), np.float32), _constant("nan", np.nan, np.float32)]
        nodes += [
            helper.make_node("Equal", ["top", "odd"], ["is_odd"]),
            helper.make_node("Where", ["is_odd", "nan", "ratio"], ["score"]),
        ]
    frames = helper.make_tensor_value_info("frames", TensorProto.UINT8, ["N", height, width])
    score = helper.make_tensor_value_info("score", TensorProto.FLOAT, ["N"])
    return _model(nodes, [frames], [score], constants)


def _segmenter(height: int, width: int, levels: Sequence[float]) -> onnx.ModelProto:
    count = len(levels)
    nodes = [
        helper.make_node("Cast", ["frames"], ["x"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["x", "channel"], ["x4"]),
        helper.make_node("Sub", ["x4", "levels"], ["off"]),
        helper.make_node("Abs", ["off"], ["away"]),
        helper.make_node("Div", ["away", "reach"], ["far"]),
        helper.make_node("Sub", ["one", "far"], ["near"]),
        helper.make_node("Clip", ["near", "zero", "one"], ["p"]),
        helper.make_node("ReduceMax", ["p", "plane"], ["scores"], keepdims=0),
        helper.make_node("Unsqueeze", ["thresholds", "planes"], ["t"]),
        helper.make_node("GreaterOrEqual", ["p", "t"], ["on"]),
        helper.make_node("Cast", ["on"], ["on_int"], to=TensorProto.INT32),
        helper.make_node("ReduceSum", ["on_int", "plane"], ["pixels"], keepdims=0),
        helper.make_node("Mul", ["on_int", "bits"], ["weighted"]),
        helper.make_node("ReduceSum", ["weighted", "channel"], ["mask_int"], keepdims=0),
        helper.make_node("Cast", ["mask_int"], ["mask"], to=TensorProto.UINT8),
    ]
    shape = (1, count, 1, 1)
    constants = [
        _constant("channel", [1], np.int64),
        _constant("plane", [2, 3], np.int64),
        _constant("planes", [0, 2, 3], np.int64),
        _constant("levels", np.reshape(levels, shape), np.float32),
        _constant("reach", 16.0, np.float32),
        _constant("one", 1.0, np.float32),
        _constant("zero", 0.0, np.float32),
        _constant("bits", np.reshape([1 << k for k in range(count)], shape), np.int32),
    ]
    inputs = [
        helper.make_tensor_value_info("frames", TensorProto.UINT8, ["N", height, width]),
        helper.make_tensor_value_info("thresholds", TensorProto.FLOAT, [count]),
    ]
    outputs = [
        helper.make_tensor_value_info("mask", TensorProto.UINT8, ["N", height, width]),
        helper.make_tensor_value_info("pixels", TensorProto.INT32, ["N", count]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", count]),
    ]
    return _model(nodes, inputs, outputs, constants)
