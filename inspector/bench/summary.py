"""Figures over all repetitions of a mix: medians, and percentiles of pooled samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from inspector.bench.figures import AtMix, OwnTime, PartLoad, Saturated
from inspector.bench.latency import KindLatency, KindSamples, kind_latency, percentile
from inspector.bench.mix import Mix
from inspector.bench.repetition import Repetition
from inspector.bench.stretch import Stretch
from inspector.config.inference import InferenceConfig


def at_mix(mix: Mix, repetitions: Sequence[Repetition], inference: InferenceConfig) -> AtMix:
    """The figures of one mix."""
    return AtMix(
        share=mix.share,
        pattern=mix.pattern,
        steady_repetitions=sum(one.steady for one in repetitions),
        saturated=_saturated(repetitions),
        part_load=_part_load(repetitions, inference),
    )


def own_time(repetitions: Sequence[Repetition], inference: InferenceConfig, *, let_through: bool) -> OwnTime:
    """Time of one kind of frame with nothing else running."""
    times_ms = [one.own.of(let_through=let_through) for one in repetitions]
    full_ms = [one.full.of(let_through=let_through).mean() for one in repetitions]
    return OwnTime(
        mean_ms=float(np.median([one.mean() for one in times_ms])),
        p99_of_mean=percentile(np.concatenate([one / one.mean() for one in times_ms]), 99),
        full_batch_ms=float(np.median(full_ms)) + _wait_ms(inference, let_through=let_through),
    )


def _saturated(repetitions: Sequence[Repetition]) -> Saturated:
    low, middle, high = np.percentile([one.saturated.rate_hz / one.bound_hz for one in repetitions], [25, 50, 75])
    return Saturated(
        gate_ms=_median(repetitions, lambda one: one.busy.gate_ms),
        segmenter_ms=_median(repetitions, lambda one: one.busy.segmenter_ms),
        bound_hz=_median(repetitions, lambda one: one.bound_hz),
        rate_hz=_median(repetitions, lambda one: one.saturated.rate_hz),
        of_bound=float(middle),
        of_bound_low=float(low),
        of_bound_high=float(high),
        cpu_ms=_median(repetitions, lambda one: one.saturated.cpu_ms),
        uninspected=_uninspected(one.saturated for one in repetitions),
    )


def _part_load(repetitions: Sequence[Repetition], inference: InferenceConfig) -> PartLoad:
    return PartLoad(
        rate_hz=_median(repetitions, lambda one: one.load_hz),
        of_camera=_median(repetitions, lambda one: one.part_load.rate_hz / one.load_hz),
        under_way_mean=_median(repetitions, lambda one: one.part_load.under_way.mean),
        under_way_most=max(one.part_load.under_way.most for one in repetitions),
        frames=sum(one.part_load.latency_ms.size for one in repetitions),
        uninspected=_uninspected(one.part_load for one in repetitions),
        clean=_kind(repetitions, inference, let_through=False),
        let_through=_kind(repetitions, inference, let_through=True),
    )


def _kind(repetitions: Sequence[Repetition], inference: InferenceConfig, *, let_through: bool) -> KindLatency | None:
    wait_ms = _wait_ms(inference, let_through=let_through)
    return kind_latency(
        [
            KindSamples(
                one.part_load.latency_ms[one.part_load.let_through == let_through],
                float(one.own.of(let_through=let_through).mean()),
                float(one.full.of(let_through=let_through).mean()) + wait_ms,
            )
            for one in repetitions
        ]
    )


def _wait_ms(inference: InferenceConfig, *, let_through: bool) -> float:
    """Longest time that such a frame waits for a batch to fill, as configured."""
    return (inference.gate_max_wait_us + let_through * inference.segmenter_max_wait_us) / 1e3


def _uninspected(stretches: Iterable[Stretch]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for stretch in stretches:
        counts.update(stretch.uninspected)
    return dict(counts)


def _median(repetitions: Sequence[Repetition], figure: Callable[[Repetition], float]) -> float:
    return float(np.median([figure(one) for one in repetitions]))
