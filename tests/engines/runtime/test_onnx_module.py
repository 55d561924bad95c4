"""A bundle's graphs as torch programs: computed here on the CPU, where they must answer as the golden frames say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from engines.bundle import MASK_AGREEMENT, SCORE_TOLERANCE, Graph, open_bundle, read_contents
from engines.errors import EngineError
from engines.runtime.cuda.onnx_module import OnnxModule

torch = pytest.importorskip("torch", reason="needs torch (make test-training)")


def test_the_included_bundle_answers_as_its_golden_frames_say() -> None:
    contents = read_contents(open_bundle("demo"))
    gate, segmenter = (OnnxModule(graph, "cpu") for graph in contents.graphs.values())
    samples = contents.golden
    frames = torch.from_numpy(np.stack([sample.frame for sample in samples]))
    with torch.inference_mode():
        score = gate({"frames": frames})["score"].numpy()
        found = segmenter({"frames": frames, "thresholds": torch.tensor(contents.golden_thresholds)})
    for i, sample in enumerate(samples):
        assert abs(score[i] - sample.gate_score) <= SCORE_TOLERANCE
        assert np.abs(found["scores"][i].numpy() - np.array(sample.scores)).max() <= SCORE_TOLERANCE
        mask = found["mask"][i].numpy()
        assert (mask == sample.mask).mean() >= MASK_AGREEMENT
        assert [int(((mask >> k) & 1).sum()) for k in range(4)] == found["pixels"][i].tolist()
    assert {name: value.dtype for name, value in found.items()} == {
        "mask": torch.uint8,
        "pixels": torch.int32,
        "scores": torch.float32,
    }


RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 8, 6, 10)).astype(np.float32)

OPERATORS: list[tuple[str, list[Any], dict[str, Any]]] = [
    ("Conv", [X, RNG.normal(size=(4, 8, 3, 3)).astype(np.float32)], {"pads": [1, 1, 1, 1], "strides": [2, 2]}),
    ("Conv", [X, RNG.normal(size=(8, 1, 3, 3)).astype(np.float32), np.ones(8, np.float32)], {"pads": [0, 0, 1, 1], "group": 8}),
    ("MaxPool", [X], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ("MaxPool", [X], {"kernel_shape": [2, 2], "strides": [2, 2], "pads": [0, 0, 1, 1]}),
    ("AveragePool", [X], {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ("GlobalAveragePool", [X], {}),
    ("Pad", [X, np.array([0, 0, 1, 2, 0, 0, 3, 4])], {"mode": "constant"}),
    ("Pad", [X, np.array([0, 0, 1, 2, 0, 0, 3, 4])], {"mode": "edge"}),
    ("Pad", [X, np.array([0, 0, 0, 1, 0, 0, 0, 2]), np.array(7, np.float32)], {"mode": "constant"}),
    ("Clip", [X, np.array(-0.5, np.float32), np.array(0.5, np.float32)], {}),
    ("Softmax", [X], {"axis": 1}),
    ("ReduceMean", [X, np.array([2, 3])], {"keepdims": 0}),
    ("ReduceMax", [X, np.array([1])], {"keepdims": 1}),
    ("ReduceSum", [X], {"keepdims": 0}),
    ("Flatten", [X], {"axis": 1}),
    ("Flatten", [X], {"axis": 2}),
    ("Reshape", [X, np.array([0, -1, 5])], {}),
    ("Transpose", [X], {"perm": [0, 2, 3, 1]}),
    ("Unsqueeze", [X, np.array([0, 5])], {}),
    ("Squeeze", [X[:, :1], np.array([1])], {}),
    ("Expand", [X[:, :1], np.array([1, 3, 1, 1])], {}),
    ("Gather", [X, np.array(1)], {"axis": 1}),
    ("Gather", [X, np.array([2, -1])], {"axis": 1}),
    ("Slice", [X, np.array([1, -4]), np.array([8, 1000]), np.array([1, 3]), np.array([2, 1])], {}),
    ("DepthToSpace", [X], {"blocksize": 2, "mode": "DCR"}),
    ("DepthToSpace", [X], {"blocksize": 2, "mode": "CRD"}),
    ("Resize", [X, None, np.array([1, 1, 2, 2], np.float32)], {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}),
    ("Resize", [X, None, None, np.array([2, 8, 12, 20])], {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}),
    ("Resize", [X, None, None, np.array([2, 8, 12, 20])], {"mode": "linear", "coordinate_transformation_mode": "align_corners"}),
    ("Gemm", [X[0, 0], RNG.normal(size=(4, 10)).astype(np.float32), np.ones(4, np.float32)], {"transB": 1, "alpha": 2.0, "beta": 0.5}),
    ("MatMul", [X, RNG.normal(size=(10, 3)).astype(np.float32)], {}),
    ("Max", [X, X * 0, -X], {}),
    ("Concat", [X, X], {"axis": 1}),
    ("Cast", [X], {"to": TensorProto.INT32}),
    ("GreaterOrEqual", [X, X * 0], {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "inputs", "attributes"), OPERATORS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_operator_computes_as_onnx_defines_it(
    kind: str, inputs: list[NDArray[Any] | None], attributes: dict[str, Any]
) -> None:
    """Against ONNX's own reference implementation."""
    from onnx.reference import ReferenceEvaluator

    given = {"x": inputs[0], **{f"c{i}": value for i, value in enumerate(inputs[1:]) if value is not None}}
    names = ["x", *(f"c{i}" if value is not None else "" for i, value in enumerate(inputs[1:]))]
    model = one_node(kind, names, given, attributes)
    (wanted,) = ReferenceEvaluator(model).run(None, {"x": inputs[0]})
    with torch.inference_mode():
        found = OnnxModule(graph_of(model), "cpu")({"x": torch.from_numpy(inputs[0].copy())})["y"].numpy()
    assert found.shape == wanted.shape
    assert found.dtype == wanted.dtype
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_an_unknown_operator_is_named() -> None:
    with pytest.raises(
        EngineError, match=r"one\.onnx: node 'n' \(Tan\) is not known to the torch runtime; use TensorRT"
    ):
        OnnxModule(graph_of(one_node("Tan", ["x"], {"x": X}, {})), "cpu")


def test_what_is_no_graph_is_said_in_one_line() -> None:
    with pytest.raises(EngineError, match=r"one\.onnx: is not a network onnx can read"):
        OnnxModule(Graph(Path("one.onnx"), "", b"no graph"), "cpu")


def graph_of(model: onnx.ModelProto) -> Graph:
    return Graph(Path("one.onnx"), "", model.SerializeToString())


def one_node(kind: str, names: list[str], given: dict[str, Any], attributes: dict[str, Any]) -> Any:
    """A graph of one node `n` from `x` and constants to `y`."""
    constants = [numpy_helper.from_array(value, name) for name, value in given.items() if name != "x"]
    x = helper.make_tensor_value_info("x", helper.np_dtype_to_tensor_dtype(given["x"].dtype), given["x"].shape)
    y = helper.make_empty_tensor_value_info("y")
    node = helper.make_node(kind, names, ["y"], name="n", **attributes)
    graph = helper.make_graph([node], "g", [x], [y], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
