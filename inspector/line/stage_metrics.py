"""How long frames take in each stage, as metrics: histograms with limits around the deadline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from inspector.frames.latency import LatencyHistogram
from inspector.frames.outcome import Reason
from inspector.inference.cascade import Stage

if TYPE_CHECKING:
    from inspector.line.line import Line

OF_THE_DEADLINE = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.5, 2.0, 5.0)
"""Limits of the histograms, as shares of the deadline."""
WITHOUT_DEADLINE_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0)
"""The same limits where there is no deadline, s."""
BATCHES = (1, 2, 4, 8, 16, 32, 64)
"""Limits of the histogram of batch sizes, frames."""


def limits_s(deadline_ms: float | None) -> tuple[float, ...]:
    """Upper limits of the buckets of every histogram of times, s."""
    if deadline_ms is None:
        return WITHOUT_DEADLINE_S
    return tuple(float(f"{share * deadline_ms / 1e3:.6g}") for share in OF_THE_DEADLINE)


def collect(line: Line, limits: Sequence[float]) -> Iterator[Metric]:
    """The metrics of the stages, with these limits in s."""
    yield HistogramMetricFamily(
        "inspector_verdict_latency_seconds",
        "From the capture of a frame to its verdict. Frames lost together count once.",
        *_buckets(line.latency, limits),
    )
    deadline_ms = line.config.deadline_ms
    yield GaugeMetricFamily(
        "inspector_deadline_seconds",
        "Longest time from capture to verdict, as configured; absent without a deadline.",
        value=None if deadline_ms is None else deadline_ms / 1e3,
    )
    figures = line.inference.figures
    stages = {
        "queued": figures.queued,
        "gate_wait": figures.stages[Stage.GATE].wait,
        "gate": figures.stages[Stage.GATE].time,
        "segmenter_wait": figures.stages[Stage.SEGMENTER].wait,
        "segmenter": figures.stages[Stage.SEGMENTER].time,
        "judging": line.postprocessing.figures.time,
        "publishing": line.results.lag,
    }
    family = HistogramMetricFamily(
        "inspector_stage_seconds", "How long frames take in each stage of their way.", labels=["stage"]
    )
    for stage, histogram in stages.items():
        family.add_metric([stage], *_buckets(histogram, limits))
    yield family
    batches = HistogramMetricFamily("inspector_batch_frames", "Frames of the engines' batches.", labels=["engine"])
    for engine, totals in figures.stages.items():
        sizes = totals.batches
        batches.add_metric([engine.value], _sizes(sizes), sum(frames * count for frames, count in sizes.items()))
    yield batches
    yield from _gate(line)


def _gate(line: Line) -> Iterator[Metric]:
    gated = CounterMetricFamily(
        "inspector_gate_frames", "Frames with a verdict by the gate's decision.", labels=["camera", "decision"]
    )
    defects = CounterMetricFamily("inspector_defects", "Defects that messages list.", labels=["camera", "class"])
    counts, found = line.ledger.counts(), line.postprocessing.figures.defects
    classes = line.inference.active.identity.classes
    for camera in (one.name for one in line.config.cameras):
        reasons = counts[camera].reasons if camera in counts else {}
        let_through = reasons.get(Reason.NO_DEFECT, 0) + reasons.get(Reason.DEFECT, 0)
        gated.add_metric([camera, "clean"], reasons.get(Reason.GATE_CLEAN, 0))
        gated.add_metric([camera, "let_through"], let_through)
        counted = {name: count for (where, name), count in found.items() if where == camera}
        for name, count in {**dict.fromkeys(classes, 0), **counted}.items():
            defects.add_metric([camera, name], count)
    yield from (gated, defects)


def _buckets(histogram: LatencyHistogram, limits: Sequence[float]) -> tuple[list[tuple[str, float]], float]:
    """How many are within each limit, and the sum in s."""
    taken = histogram.distribution([limit * 1e6 for limit in limits])
    named = [str(limit) for limit in limits]
    return [*zip(named, map(float, taken.within), strict=True), ("+Inf", float(taken.added))], taken.total_us / 1e6


def _sizes(batches: Mapping[int, int]) -> list[tuple[str, int]]:
    within = [
        (str(float(limit)), sum(count for frames, count in batches.items() if frames <= limit)) for limit in BATCHES
    ]
    return [*within, ("+Inf", sum(batches.values()))]
