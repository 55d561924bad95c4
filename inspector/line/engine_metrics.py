"""Inference children, their engines and the GPUs, as metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from inspector.inference.cascade import Stage
from inspector.inference.state import State
from inspector.service.nvml import GpuFigures

if TYPE_CHECKING:
    from inspector.inference.dispatcher import Dispatcher
    from inspector.inference.inference import Inference


def collect(inference: Inference) -> Iterator[Metric]:
    """The metrics of all loaded bundles."""
    yield GaugeMetricFamily(
        "inspector_inference_frames_held", "Frames that wait for a child or are with it.", value=inference.held
    )
    yield GaugeMetricFamily(
        "inspector_inference_frames_in_flight", "Those of them that are with a child.", value=inference.in_flight
    )
    yield CounterMetricFamily(
        "inspector_inference_restarts",
        "Children that ended unasked, so that another was started.",
        value=inference.restarts,
    )
    yield from _engines(inference.loaded())


def _engines(loaded: list[tuple[str, Dispatcher]]) -> Iterator[Metric]:
    children = GaugeMetricFamily(
        "inspector_inference_children",
        "Inference children by the state they are in.",
        labels=["bundle", "role", "state"],
    )
    engines = GaugeMetricFamily(
        "inspector_engine_info",
        "1 for each engine that computes: it has answered the golden frames on this device.",
        labels=["bundle", "operating_point", "role", "engine", "runtime", "processor", "device"],
    )
    fallbacks = GaugeMetricFamily(
        "inspector_engine_cpu_fallback",
        "1 where engines run on the CPU because no GPU can be used.",
        labels=["bundle", "role"],
    )
    states = Counter((one.identity.bundle, role, one.supervisor.state) for role, one in loaded)
    for bundle, role in dict.fromkeys((bundle, role) for bundle, role, _ in states):
        for state in State:
            children.add_metric([bundle, role, state.value], states[bundle, role, state])
    computing = [(role, one) for role, one in loaded if one.supervisor.state is State.READY]
    infos: dict[tuple[str, ...], int] = {}
    on_cpu: dict[tuple[str, str], int] = {}
    for role, one in computing:
        identity, supervisor = one.identity, one.supervisor
        processor = "cpu" if supervisor.runtime == "openvino" else "gpu"
        for stage in Stage:
            about = stage.value, supervisor.runtime, processor, supervisor.device
            infos[(identity.bundle, identity.operating_point, role, *about)] = 1
        key = identity.bundle, role
        on_cpu[key] = max(on_cpu.get(key, 0), int(supervisor.cpu_fallback))
    for labels, value in infos.items():
        engines.add_metric(labels, value)
    for pair, value in on_cpu.items():
        fallbacks.add_metric(pair, value)
    yield from (children, engines, fallbacks)


def collect_gpus(figures: Sequence[GpuFigures]) -> Iterator[Metric]:
    """The metrics of the GPUs; without values where there is none."""
    temperature = GaugeMetricFamily(
        "inspector_gpu_temperature_celsius", "Temperature of the GPU's core.", labels=["gpu", "name"]
    )
    used = GaugeMetricFamily(
        "inspector_gpu_memory_used_bytes", "Memory of the GPU that is in use, by all programs.", labels=["gpu", "name"]
    )
    memory = GaugeMetricFamily("inspector_gpu_memory_bytes", "Memory of the GPU.", labels=["gpu", "name"])
    for one in figures:
        for family, value in (
            (temperature, one.temperature_c),
            (used, one.memory_used_bytes),
            (memory, one.memory_bytes),
        ):
            if value is not None:
                family.add_metric([str(one.number), one.name], value)
    yield from (temperature, used, memory)
