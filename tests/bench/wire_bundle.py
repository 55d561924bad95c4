"""Makes the bundle of ``inspector bench wire``: ``python -m tests.bench.wire_bundle DIRECTORY``, a new one.

Its graphs read the answer that frames carry (``inspector/bench/wire/frames.py``). Of the ways to give the mask, the bitwise AND is the
fastest in OpenVINO: it costs what copying the frame costs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from engines.bundle import Bundle, GoldenSample, write_bundle
from engines.files.writing import temporary_folder
from engines.operating_point import OperatingPoint
from inspector.bench.wire.frames import (
    BASE,
    CLASS_DIGITS,
    CLASSES,
    COUNT_DIGITS,
    HEIGHT,
    WIDTH,
    answer,
    carrier,
    defect_mask,
)

NAME = "bench-wire"
THRESHOLD = 0.5
CARD = f"""# {NAME}
Networks that inspect nothing: frames of `inspector bench wire` carry their own answer, which these graphs read.
Made by `tests/bench/wire_bundle.py`. Not for a line.
"""
DIGIT = 1 / 16
"""A digit is in the high four bits of its pixel."""


def make_wire_bundle(directory: Path) -> Bundle:
    """Write the bundle into a new directory."""
    with temporary_folder("wire-bundle-") as graphs:
        onnx.save(_gate(), graphs / "gate.onnx")
        onnx.save(_segmenter(), graphs / "segmenter.onnx")
        thresholds = dict.fromkeys(CLASSES, THRESHOLD)
        return write_bundle(
            directory,
            name=NAME,
            version="1",
            classes=CLASSES,
            gate_onnx=graphs / "gate.onnx",
            segmenter_onnx=graphs / "segmenter.onnx",
            operating_point=OperatingPoint(gate_threshold=THRESHOLD, mask_thresholds=thresholds),
            golden_thresholds=tuple(thresholds.values()),
            golden=[_golden(0), _golden(3)],
            card=CARD,
            training={"data": "none"},
        )


def _golden(defects: int) -> GoldenSample:
    mask = defect_mask(defects, seed=1)
    frame = carrier(mask, seed=1)
    return GoldenSample(frame, mask, *answer(frame))


def _gate() -> onnx.ModelProto:
    """The first digit of the first row, in fifteenths."""
    nodes = [
        helper.make_node("Slice", ["frames", "from", "to", "axes"], ["pixel"]),
        helper.make_node("Reshape", ["pixel", "flat"], ["grey"]),
        helper.make_node("Cast", ["grey"], ["number"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["number", "unit"], ["score"]),
    ]
    constants = [
        *_slice(0, 1),
        _constant("flat", [-1], np.int64),
        _constant("unit", DIGIT / 15, np.float32),
    ]
    return _model(nodes, [_frames()], [_output("score", TensorProto.FLOAT)], constants)


def _segmenter() -> onnx.ModelProto:
    """The mask is the low four bits of every pixel. A class's count and probability are read from its digits, the count only where the
    probability reaches the class's threshold."""
    classes = len(CLASSES)
    places = [DIGIT * BASE**place for place in range(COUNT_DIGITS)]
    nodes = [
        helper.make_node("BitwiseAnd", ["frames", "low_bits"], ["mask"]),
        helper.make_node("Slice", ["frames", "from", "to", "axes"], ["pixels_of_classes"]),
        helper.make_node("Cast", ["pixels_of_classes"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["numbers", "by_class"], ["digits"]),
        helper.make_node("Mul", ["digits", "score_units"], ["score_parts"]),
        helper.make_node("ReduceSum", ["score_parts", "last"], ["scores"], keepdims=0),
        helper.make_node("Mul", ["digits", "count_units"], ["count_parts"]),
        helper.make_node("ReduceSum", ["count_parts", "last"], ["counts"], keepdims=0),
        helper.make_node("GreaterOrEqual", ["scores", "thresholds"], ["reached"]),
        helper.make_node("Where", ["reached", "counts", "none"], ["counted"]),
        helper.make_node("Cast", ["counted"], ["pixels"], to=TensorProto.INT32),
    ]
    constants = [
        _constant("low_bits", BASE - 1, np.uint8),
        *_slice(1, 1 + classes * CLASS_DIGITS),
        _constant("by_class", [-1, classes, CLASS_DIGITS], np.int64),
        _constant("score_units", [0] * COUNT_DIGITS + [DIGIT / 15], np.float32),
        _constant("count_units", [*places, 0], np.float32),
        _constant("last", [2], np.int64),
        _constant("none", 0, np.float32),
    ]
    inputs = [_frames(), helper.make_tensor_value_info("thresholds", TensorProto.FLOAT, [classes])]
    outputs = [
        _output("mask", TensorProto.UINT8, HEIGHT, WIDTH),
        _output("pixels", TensorProto.INT32, classes),
        _output("scores", TensorProto.FLOAT, classes),
    ]
    return _model(nodes, inputs, outputs, constants)


def _frames() -> onnx.ValueInfoProto:
    return _output("frames", TensorProto.UINT8, HEIGHT, WIDTH)


def _output(name: str, kind: int, *shape: int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, ["N", *shape])


def _slice(first: int, end: int) -> list[onnx.TensorProto]:
    """Inputs of a Slice of these columns of the first row."""
    return [
        _constant("from", [0, first], np.int64),
        _constant("to", [1, end], np.int64),
        _constant("axes", [1, 2], np.int64),
    ]


def _constant(name: str, value: object, kind: type) -> onnx.TensorProto:
    array: NDArray[np.generic] = np.asarray(value, kind)
    return numpy_helper.from_array(array, name)


def _model(nodes: list, inputs: list, outputs: list, constants: list) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, NAME, inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return model


if __name__ == "__main__":
    print(make_wire_bundle(Path(sys.argv[1])).id)
