"""ONNX to a TensorRT plan: strongly typed, so that the precision is the graph's own; one profile of batches from 1 up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines.build.library import Library
from engines.errors import EngineError

Told = Callable[[str, int, int], None]
"""Called with a phase of the build, and how many of its steps are done of how many."""

MIB = 1024**2


def _silent(phase: str, done: int, steps: int) -> None:
    """No progress shown."""


@dataclass(frozen=True)
class Wanted:
    """What a plan is built for."""

    capability: str
    """Compute capability of the GPU, as `8.9`."""
    max_batch: int = 8
    common_batch: int = 4
    """The batch that is tuned for."""
    workspace_mib: int = 1024
    """Most device memory that a layer may take to work in."""


@dataclass(frozen=True)
class Plan:
    """A serialized engine. It is executable code: only `engines.build.cache` hands it on, with a keyed digest."""

    data: bytes
    layers: dict[str, int]
    """How many layers of each kind the parsed network has."""
    precisions: dict[str, int]
    """How many layers answer in each data type."""


def build_plan(library: Library, onnx: Path, wanted: Wanted, told: Told = _silent) -> Plan:
    """Build the plan of a graph whose first dimension is the batch; other dimensions are fixed.

    Raises EngineError in one line: a graph TensorRT cannot take (the node is named), a capability it cannot build for, no memory.
    """
    api = library.api
    log = _logger(api)
    builder = api.Builder(log)
    network = builder.create_network(1 << int(api.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    _parse(library, network, log, onnx)
    config = builder.create_builder_config()
    config.set_memory_pool_limit(api.MemoryPoolType.WORKSPACE, wanted.workspace_mib * MIB)
    config.add_optimization_profile(_profile(builder, network, wanted))
    config.progress_monitor = _monitor(api, told)
    library.aim(config, wanted.capability)
    data = builder.build_serialized_network(network, config)
    if data is None:
        raise EngineError(
            f"{onnx}: {library.name} {library.version} built no plan for {wanted.capability}: {log.last()}"
        )
    return Plan(bytes(data), *_layers(network))


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


def _profile(builder: Any, network: Any, wanted: Wanted) -> Any:
    profile = builder.create_optimization_profile()
    for number in range(network.num_inputs):
        given = network.get_input(number)
        free, *rest = given.shape
        if free == -1:
            batches = (1, min(wanted.common_batch, wanted.max_batch), wanted.max_batch)
            profile.set_shape(given.name, *((batch, *rest) for batch in batches))
    return profile


def _layers(network: Any) -> tuple[dict[str, int], dict[str, int]]:
    layers = [network.get_layer(number) for number in range(network.num_layers)]
    kinds = Counter(layer.type.name for layer in layers)
    types = Counter(layer.get_output(0).dtype.name for layer in layers if layer.num_outputs)
    return dict(kinds.most_common()), dict(types.most_common())


def _logger(api: Any) -> Any:
    """Keeps the last complaint, for the one line an error gets; TensorRT's own goes to the terminal unasked."""

    class Log(api.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            api.ILogger.__init__(self)
            self._complaint = "no reason given"

        def log(self, severity: Any, message: str) -> None:
            if severity in (api.ILogger.Severity.ERROR, api.ILogger.Severity.INTERNAL_ERROR):
                self._complaint = message.splitlines()[0][:200]

        def last(self) -> str:
            return self._complaint

    return Log()


def _monitor(api: Any, told: Told) -> Any:
    class Monitor(api.IProgressMonitor):  # type: ignore[misc]
        def __init__(self) -> None:
            api.IProgressMonitor.__init__(self)
            self._steps: dict[str, int] = {}

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            self._steps[phase_name] = num_steps
            told(phase_name, 0, num_steps)

        def step_complete(self, phase_name: str, step: int) -> bool:
            told(phase_name, step + 1, self._steps.get(phase_name, step + 1))
            return True

        def phase_finish(self, phase_name: str) -> None:
            steps = self._steps.pop(phase_name, 0)
            told(phase_name, steps, steps)

    return Monitor()
