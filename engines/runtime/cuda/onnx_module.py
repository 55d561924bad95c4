"""A bundle's ONNX graph as a torch module: run node by node, in the precision the graph is written in.

It is the same graph that TensorRT and OpenVINO run, so all runtimes share one file, which does not depend on the version of torch. Only operators
that exported bundles contain are implemented (`onnx_operators.py`); an error names any other.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from engines.bundle import Graph
from engines.errors import EngineError
from engines.runtime.cuda.onnx_operators import Operators

Values = dict[str, Any]
_FIRST_HOST_INPUT = {"Clip": 1, "Resize": 1, "Pad": 1}
"""Operators whose inputs from this one on are parameters (limits, sizes), not image data, though they may be floats."""


class _Node(NamedTuple):
    run: Callable[..., Any]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]


class OnnxModule:
    """A graph whose constants are on a device; called with its inputs by name, it returns its outputs by name."""

    def __init__(self, source: Graph, device: str, *, channels_last: bool = True) -> None:
        """Raises EngineError: torch or onnx missing, what is no graph, an operator that is not known (its node is named)."""
        self.torch, onnx = require_module("torch"), require_module("onnx")
        try:
            graph = onnx.load_model_from_string(source.data).graph
        except Exception as error:
            raise EngineError(f"{source.path}: is not a network onnx can read: {str(error).splitlines()[0]}") from None
        self.inputs = tuple(one.name for one in graph.input)
        self.outputs = tuple(one.name for one in graph.output)
        # Parameters of an operator stay on the host: while a CUDA graph is captured they could not be read from the device.
        self._on_host = {name for node in graph.node for name in node.input[_FIRST_HOST_INPUT.get(node.op_type, 99) :]}
        self._constants: Values = {}
        for tensor in graph.initializer:
            self._keep(tensor.name, onnx.numpy_helper.to_array(tensor), device, channels_last)
        operators = Operators(self.torch)
        self._nodes: list[_Node] = []
        for node in graph.node:
            attributes = {one.name: _attribute(onnx, one) for one in node.attribute}
            if node.op_type == "Constant":
                self._keep(node.output[0], onnx.numpy_helper.to_array(attributes["value"]), device, channels_last)
                continue
            run = getattr(operators, node.op_type, None)
            if run is None or node.domain not in ("", "ai.onnx"):
                raise EngineError(
                    f"{source.path}: node {node.name!r} ({node.op_type}) is not known to the torch runtime; use TensorRT, or the CPU"
                )
            self._nodes.append(_Node(run, tuple(node.input), tuple(node.output), attributes))
        self._last_use = _last_uses(self._nodes, self.outputs)

    def __call__(self, inputs: Mapping[str, Any]) -> Values:
        """Compute all outputs."""
        values: Values = {"": None, **self._constants, **inputs}
        for node, unused_now in zip(self._nodes, self._last_use, strict=True):
            values[node.outputs[0]] = node.run(*(values[name] for name in node.inputs), **node.attributes)
            for name in unused_now:
                del values[name]
        return {name: values[name] for name in self.outputs}

    def _keep(self, name: str, array: Any, device: str, channels_last: bool) -> None:
        if name in self._on_host or array.dtype.kind in "iub":
            self._constants[name] = array.tolist()  # numbers, or lists of them
            return
        tensor = self.torch.from_numpy(array.copy()).to(device)
        if channels_last and tensor.ndim == 4:
            tensor = tensor.contiguous(memory_format=self.torch.channels_last)
        self._constants[name] = tensor


def require_module(name: str) -> Any:
    """Import torch or onnx. Raises EngineError where that fails."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise EngineError(
            f"{name}: cannot be used ({str(error).splitlines()[0]}); the torch runtime needs torch, built for CUDA, and onnx"
        ) from None


def _attribute(onnx: Any, attribute: Any) -> Any:
    value = onnx.helper.get_attribute_value(attribute)
    return value.decode() if isinstance(value, bytes) else value


def _last_uses(nodes: Sequence[_Node], outputs: Sequence[str]) -> list[list[str]]:
    """For each node, the computed values that no later node reads: their memory can be reused."""
    computed = {node.outputs[0] for node in nodes}
    needed: set[str] = set(outputs)
    last: list[list[str]] = []
    for node in reversed(nodes):
        unused = [name for name in dict.fromkeys(node.inputs) if name in computed and name not in needed]
        needed.update(unused)
        last.append(unused)
    return last[::-1]
