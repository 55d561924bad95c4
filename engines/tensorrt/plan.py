"""ONNX to a TensorRT plan: strongly typed, so that the precision is the graph's own; one profile of batches from 1 up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines.errors import EngineError
from engines.tensorrt.library import Library
from engines.tensorrt.log import logger
from engines.tensorrt.monitor import Told, build_watched
from engines.tensorrt.timings import timings_of, use_timings

MIB = 1024**2


def silent(phase: str, done: int, steps: int) -> None:
    """No progress shown."""


@dataclass(frozen=True)
class Wanted:
    """What a plan is built for."""

    capability: str
    """Compute capability of the GPU, as `8.9`."""
    here: str = ""
    """That of the GPU of this machine; empty where there is none."""
    max_batch: int = 8
    workspace_mib: int = 1024
    """Most device memory that a layer may take to work in."""


@dataclass(frozen=True)
class Plan:
    """A serialized engine. It is executable code: only `engines.tensorrt.cache` hands it on, with a keyed digest."""

    data: bytes
    layers: dict[str, int]
    """How many layers of each kind the parsed network has."""
    precisions: dict[str, int]
    """How many layers answer in each data type."""
    timings: bytes
    """What was measured; empty where the library keeps no such thing."""


def build_plan(library: Library, onnx: Path, wanted: Wanted, told: Told = silent, timings: bytes = b"") -> Plan:
    """Build the plan of a graph whose first dimension is the batch; other dimensions are fixed. `timings` are those of earlier builds.

    Raises EngineError in one line: a graph TensorRT cannot take (the node is named), a capability it cannot build for, no memory.
    """
    api = library.api
    log = logger(api)
    builder = api.Builder(log)
    network = builder.create_network(1 << int(api.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    _parse(library, network, log, onnx)
    return serialize(library, builder, network, wanted, told, timings, name=str(onnx))


def serialize(
    library: Library, builder: Any, network: Any, wanted: Wanted, told: Told, timings: bytes, *, name: str
) -> Plan:
    """The plan of a network definition, which errors call `name`. Raises EngineError as `build_plan` does."""
    api = library.api
    config = builder.create_builder_config()
    config.set_memory_pool_limit(api.MemoryPoolType.WORKSPACE, wanted.workspace_mib * MIB)
    config.add_optimization_profile(_profile(builder, network, wanted))
    library.configure(config)
    library.aim(config, wanted.capability, wanted.here)
    if library.keeps_timings:
        use_timings(config, timings)
    data = build_watched(api, told, config, lambda: builder.build_serialized_network(network, config))
    if data is None:
        raise EngineError(
            f"{name}: {library.name} {library.version} built no plan for {wanted.capability}{_more(logger(api).last())}"
        )
    return Plan(bytes(data), *_layers(network), timings_of(config) if library.keeps_timings else b"")


def _parse(library: Library, network: Any, log: Any, onnx: Path) -> None:
    parser = library.api.OnnxParser(network, log)
    try:
        graph = onnx.read_bytes()
    except OSError as error:
        raise EngineError(f"{onnx}: cannot be read ({error.strerror})") from None
    if parser.parse(graph):
        return
    first = parser.get_error(0) if parser.num_errors else None
    where = f"node {first.node_name()!r} ({first.node_operator()})" if first and first.node_operator() else "the file"
    why = first.desc().splitlines()[0] if first else log.last()
    raise EngineError(f"{onnx}: {library.name} {library.version} cannot take {where}: {why}")


def _more(complaint: str) -> str:
    """What TensorRT said, and what mends it where that is known."""
    mend = "; give it more with --workspace-mib" if "workspace" in complaint else ""
    return f": {complaint}{mend}"


def _profile(builder: Any, network: Any, wanted: Wanted) -> Any:
    profile = builder.create_optimization_profile()
    for number in range(network.num_inputs):
        given = network.get_input(number)
        free, *rest = given.shape
        if free == -1:
            # Tuned for full batches: they are what runs when there is no time to spare.
            batches = (1, wanted.max_batch, wanted.max_batch)
            profile.set_shape(given.name, *((batch, *rest) for batch in batches))
    return profile


def _layers(network: Any) -> tuple[dict[str, int], dict[str, int]]:
    layers = [network.get_layer(number) for number in range(network.num_layers)]
    kinds = Counter(layer.type.name for layer in layers)
    types = Counter(layer.get_output(0).dtype.name for layer in layers if layer.num_outputs)
    return dict(kinds.most_common()), dict(types.most_common())
