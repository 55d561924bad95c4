"""Opens the GPU and puts a bundle's networks on it, by TensorRT plans from the cache or by torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

from engines.bundle import Bundle
from engines.errors import EngineError
from engines.runtime.cuda.device import Device
from engines.runtime.cuda.driver import GET_PYCUDA, Gpu
from engines.runtime.cuda.engines import CudaEngines, CudaOptions
from engines.runtime.cuda.network import Network
from engines.runtime.cuda.tensorrt_network import TensorRtNetwork
from engines.runtime.cuda.torch_network import TorchNetwork
from engines.tensorrt.cache import PlanCache, ProvedPlan, Wish
from engines.tensorrt.library import Library, open_library

MAX_BATCH = 8
"""Most frames in one batch unless the configuration says otherwise."""

Make = Callable[[Device], Network]
"""Makes a network on the device."""


def open_engines(
    bundle: Bundle,
    makes: tuple[Make, Make],
    max_batch: int,
    thresholds: Sequence[float],
    options: CudaOptions | None,
    *,
    trace: bool = False,
) -> CudaEngines:
    """Open the GPU on this thread, make gate and segmenter on it, and the engines of them. Raises EngineError."""
    with ExitStack() as opened:
        device = Device()
        opened.callback(device.close)
        networks = []
        for make in makes:
            networks.append(make(device))
            opened.callback(networks[-1].close)
        gate, segmenter = networks
        engines = CudaEngines(bundle, device, (gate, segmenter), max_batch, thresholds, options, trace=trace)
        opened.pop_all()  # from here on it is the engines' to close
        return engines


def torch_networks(bundle: Bundle) -> tuple[Make, Make]:
    """Both networks by torch."""

    def by_torch(path: Path) -> Make:
        return lambda _: TorchNetwork(path, bundle.height, bundle.width, len(bundle.classes))

    return by_torch(bundle.gate_path), by_torch(bundle.segmenter_path)


def plan_networks(library: Library, plans: Mapping[str, ProvedPlan]) -> tuple[Make, Make]:
    """Both networks by TensorRT, from proved plans by network name."""

    def by_plan(name: str) -> Make:
        plan = plans[name]
        return lambda device: TensorRtNetwork(library, plan.data, name, device, plan.kernels)

    return by_plan("gate"), by_plan("segmenter")


def cached_plans(bundle: Bundle, library: Library, gpu: Gpu, max_batch: int, cache: PlanCache) -> dict[str, ProvedPlan]:
    """The plans of both networks for this GPU, proved to be as they were stored. Raises EngineError naming what is amiss."""
    return {
        name: cache.find(
            Wish(
                bundle=bundle.id,
                network=name,
                onnx_sha256=graph.sha256,
                library=library.name,
                version=library.version,
                capability=gpu.capability,
                driver=gpu.driver,
                cuda=gpu.cuda,
                options=library.options,
                max_batch=max_batch,
            )
        )
        for name, graph in bundle.graphs().items()
    }


def why_not_tensorrt(gpu: Gpu) -> str:
    """Why TensorRT cannot run on this GPU; empty where it should."""
    try:
        library = open_library()
    except EngineError as error:
        return str(error)
    if find_spec("pycuda") is None:
        return f"pycuda: is not installed; {GET_PYCUDA}"
    if library.builds_ahead and gpu.capability not in library.capabilities():
        known = ", ".join(library.capabilities())
        return (
            f"{library.name} {library.version}: knows GPUs of compute capability {known}, this one is {gpu.capability}"
        )
    return ""


def why_not_torch() -> str:
    """Why torch cannot be tried; empty where it can."""
    missing = [name for name in ("torch", "onnx", "pycuda") if find_spec(name) is None]
    return f"torch runtime: {', '.join(missing)} not installed" if missing else ""
