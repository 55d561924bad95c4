"""Opens the GPU and loads a bundle's networks onto it, run by TensorRT or by torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from importlib.util import find_spec

from engines.bundle import Bundle, Contents, Graph
from engines.runtime.cuda.device import Device
from engines.runtime.cuda.engines import CudaEngines, CudaOptions
from engines.runtime.cuda.network import Network
from engines.runtime.cuda.tensorrt_network import TensorRtNetwork
from engines.runtime.cuda.torch_network import TorchNetwork
from engines.tensorrt.cache import VerifiedPlan
from engines.tensorrt.library import Library

OpenNetwork = Callable[[Device], Network]
"""Loads a network onto the device."""


def open_engines(
    bundle: Bundle,
    networks: tuple[OpenNetwork, OpenNetwork],
    max_batch: int,
    thresholds: Sequence[float],
    options: CudaOptions | None,
    *,
    trace: bool = False,
) -> CudaEngines:
    """Open the GPU on this thread, load gate and segmenter onto it, and make engines of them. Raises EngineError."""
    with ExitStack() as opened:
        device = Device()
        opened.callback(device.close)
        loaded = []
        for open_network in networks:
            loaded.append(open_network(device))
            opened.callback(loaded[-1].close)
        gate, segmenter = loaded
        engines = CudaEngines(bundle, device, (gate, segmenter), max_batch, thresholds, options, trace=trace)
        opened.pop_all()  # from here on the engines close them
        return engines


def torch_networks(contents: Contents) -> tuple[OpenNetwork, OpenNetwork]:
    """Gate and segmenter, run by torch."""
    bundle = contents.bundle

    def open_network(graph: Graph) -> OpenNetwork:
        return lambda _: TorchNetwork(graph, bundle.height, bundle.width, len(bundle.classes))

    return open_network(contents.graphs["gate"]), open_network(contents.graphs["segmenter"])


def plan_networks(library: Library, plans: Mapping[str, VerifiedPlan]) -> tuple[OpenNetwork, OpenNetwork]:
    """Gate and segmenter, run by TensorRT from plans, which are given by network."""

    def open_network(name: str) -> OpenNetwork:
        plan = plans[name]
        return lambda device: TensorRtNetwork(library, plan.data, name, device, plan.kernels)

    return open_network("gate"), open_network("segmenter")


def why_not_torch() -> str:
    """Why torch cannot be used, in one line; empty where it may be."""
    missing = [name for name in ("torch", "onnx", "pycuda") if find_spec(name) is None]
    return f"torch runtime: {', '.join(missing)} not installed" if missing else ""
