"""Builds one plan: from ONNX, or from an existing network definition.

Networks are strongly typed, so that the precision is that of the graph; there is one optimization profile, for batches from 1 up.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from engines.bundle import Graph
from engines.errors import EngineError, PlanBuildError
from engines.tensorrt.library import Library
from engines.tensorrt.log import logger
from engines.tensorrt.progress import Progress, build_with_progress, no_progress
from engines.tensorrt.timing_cache import serialized_timing_cache, set_timing_cache

DEFAULT_MAX_BATCH = 8
"""Most frames in one batch unless the caller says otherwise."""
MIB = 1024**2


@dataclass(frozen=True)
class BuildProfile:
    """What a plan is built for."""

    capability: str
    """Compute capability of the GPU, as `8.9`."""
    local_capability: str = ""
    """That of the GPU in this machine; empty where there is none."""
    max_batch: int = DEFAULT_MAX_BATCH
    workspace_mib: int = 1024
    """Most device memory that a layer may take as workspace."""


@dataclass(frozen=True)
class SerializedPlan:
    """A serialized TensorRT engine. It is executable code: it is kept and found again by `engines.tensorrt.cache` only, with a keyed
    digest."""

    data: bytes
    layers: dict[str, int]
    """Number of layers by kind, of the network that was parsed."""
    precisions: dict[str, int]
    """Number of layers by the data type of their output."""
    timing_cache: bytes
    """TensorRT's timing cache after the build; empty where the library uses none."""


def build_plan(
    library: Library,
    graph: Graph,
    profile: BuildProfile,
    progress: Progress = no_progress,
    timing_cache: bytes = b"",
) -> SerializedPlan:
    """Build the plan of a graph whose first dimension is the batch; the other dimensions are fixed. `timing_cache`: of earlier builds.

    Raises EngineError: TensorRT cannot take the graph (the node is named) or build for the capability; PlanBuildError: the build failed.
    """
    api = library.api
    log = logger(api)
    builder = api.Builder(log)
    network = builder.create_network(1 << int(api.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    _parse(library, network, log, graph)
    return serialize_network(library, builder, network, profile, progress, timing_cache, name=str(graph.path))


def serialize_network(
    library: Library,
    builder: Any,
    network: Any,
    profile: BuildProfile,
    progress: Progress,
    timing_cache: bytes,
    *,
    name: str,
) -> SerializedPlan:
    """Build the plan of an `INetworkDefinition`, which errors call `name`. Raises EngineError as `build_plan` does."""
    api = library.api
    config = builder.create_builder_config()
    config.set_memory_pool_limit(api.MemoryPoolType.WORKSPACE, profile.workspace_mib * MIB)
    config.add_optimization_profile(_optimization_profile(builder, network, profile))
    library.set_builder_flags(config)
    library.set_capability(config, profile.capability, profile.local_capability)
    if library.uses_timing_cache:
        set_timing_cache(config, timing_cache)
    data = build_with_progress(api, progress, config, lambda: builder.build_serialized_network(network, config))
    if data is None:
        reason = logger(api).last_error()
        raise PlanBuildError(name, f"{library.name} {library.version}", profile.capability, reason)
    measured = serialized_timing_cache(config) if library.uses_timing_cache else b""
    return SerializedPlan(bytes(data), *_count_layers(network), measured)


def _parse(library: Library, network: Any, log: Any, graph: Graph) -> None:
    parser = library.api.OnnxParser(network, log)
    if parser.parse(graph.data):
        return
    first = parser.get_error(0) if parser.num_errors else None
    where = f"node {first.node_name()!r} ({first.node_operator()})" if first and first.node_operator() else "the file"
    reason = first.desc().splitlines()[0] if first else log.last_error()
    raise EngineError(f"{graph.path}: {library.name} {library.version} cannot take {where}: {reason}")


def _optimization_profile(builder: Any, network: Any, profile: BuildProfile) -> Any:
    shapes = builder.create_optimization_profile()
    for number in range(network.num_inputs):
        tensor = network.get_input(number)
        batch, *rest = tensor.shape
        if batch == -1:
            # Tuned for full batches, which run when the load is high.
            least, usual, most = 1, profile.max_batch, profile.max_batch
            shapes.set_shape(tensor.name, (least, *rest), (usual, *rest), (most, *rest))
    return shapes


def _count_layers(network: Any) -> tuple[dict[str, int], dict[str, int]]:
    """Number of layers by kind, and by the data type of their output."""
    layers = [network.get_layer(number) for number in range(network.num_layers)]
    kinds = Counter(layer.type.name for layer in layers)
    types = Counter(layer.get_output(0).dtype.name for layer in layers if layer.num_outputs)
    return dict(kinds.most_common()), dict(types.most_common())
