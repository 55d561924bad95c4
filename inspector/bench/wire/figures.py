"""What is made of the repetitions: medians, and percentiles as far as the samples carry them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

import msgspec
import numpy as np

from inspector.bench.wire.arm import Measured
from inspector.bench.wire.line import Kind, Recovery, Stretch

SAMPLES = {50.0: 100, 99.0: 1_000, 99.9: 10_000}
"""The percentiles that are stated, each from this many samples on."""


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """The line with frames of one kind: medians over the repetitions. CPU times and context switches are per frame, at full speed."""

    kind: Kind
    rate_hz: float
    """As fast as the line takes the frames, which wait for it."""
    rate_low_hz: float
    """Lower quartile over the repetitions."""
    rate_high_hz: float
    """Upper quartile."""
    cpu_us: dict[str, float]
    """Of the line's process, by thread (``threads.py``)."""
    all_cpu_us: float
    """Of all its threads."""
    switches: float
    """Voluntary context switches of the line's process."""
    child_cpu_us: float
    child_switches: float
    subscriber_cpu_us: float
    received: float
    """Share of the results that reached the subscriber at full speed, 0..1; the publisher drops what it does not read fast enough."""
    rows_per_s: float
    """Publications that the journal stored at full speed."""
    crowd: int
    """Subscribers beside the one that measures that were connected to the end of every stretch."""
    crowd_cpu_us: float
    load_hz: float
    """Rate at which the latencies were taken: half of the rate that the same repetition reached, as it was kept."""
    load_cpu_us: float
    """Of the line's process at this rate."""
    samples: int
    """Latencies of all repetitions."""
    latency_ms: dict[str, float]
    """Capture to arrival at the subscriber, by percentile: p50, p99, p99.9; without those that the samples do not carry."""
    frames: int
    """Of all repetitions, at full speed and at half of it."""
    rejected: int
    uninspected: int


class Behind(msgspec.Struct, frozen=True, kw_only=True):
    """A subscriber that fetches what it missed while the line runs: medians over the repetitions."""

    publications: int
    """Fetched in all repetitions."""
    missed: int
    rate_hz: float
    """Publications a second, as the subscriber yields them."""
    times_live: float
    """That by the rate of the line."""
    alone_ms: dict[str, float]
    """Latencies of live results while nobody asks for anything, by percentile as in ``Wire``."""
    beside_ms: dict[str, float]
    """The same while the one that is behind fetches."""
    samples: tuple[int, int]
    """Of both."""


class Arm(msgspec.Struct, frozen=True, kw_only=True):
    """One of the ways that are compared."""

    kinds: tuple[Wire, ...]
    judging_us: dict[str, float]
    """CPU time of judging one mask, by what it shows."""
    behind: Behind | None = None


def arm_of(
    kinds: Sequence[Kind],
    found: Sequence[Sequence[Measured]],
    judging: Sequence[Measured],
    behind: Sequence[Measured] = (),
) -> Arm:
    """``found`` has the repetitions of each kind."""
    return Arm(
        kinds=tuple(_wire(kind, _saturated(one), _paced(one)) for kind, one in zip(kinds, found, strict=True)),
        judging_us={
            name: float(np.median([one.judging_us[name] for one in judging])) for name in judging[0].judging_us
        },
        behind=_behind([one.recovery for one in behind if one.recovery is not None]),
    )


def _behind(found: list[Recovery]) -> Behind | None:
    if not found:
        return None
    rates = [one.caught_up.recovered / one.caught_up.seconds for one in found]
    return Behind(
        publications=sum(one.caught_up.recovered for one in found),
        missed=sum(one.caught_up.missed for one in found),
        rate_hz=float(np.median(rates)),
        times_live=float(np.median([rate / one.live_hz for rate, one in zip(rates, found, strict=True)])),
        alone_ms=latency_ms([one.alone_us for one in found]),
        beside_ms=latency_ms([one.beside_us for one in found]),
        samples=(sum(len(one.alone_us) for one in found), sum(len(one.beside_us) for one in found)),
    )


def rate_ratios(one: Sequence[Sequence[Measured]], other: Sequence[Sequence[Measured]]) -> tuple[float, ...]:
    """Rate of one way by that of the other for each kind, of the same repetition each, the median of these."""
    return tuple(
        float(np.median([a.rate_hz / b.rate_hz for a, b in zip(_saturated(left), _saturated(right), strict=True)]))
        for left, right in zip(one, other, strict=True)
    )


def latency_ms(by_repetition: Sequence[Sequence[int]]) -> dict[str, float]:
    """Percentiles of latencies in microseconds: medians over the repetitions; the highest, of which a repetition has too few samples, is
    that of all of them together. Those that all samples together do not carry are left out."""
    pooled = list(chain.from_iterable(by_repetition))
    found = {}
    for percent, least in SAMPLES.items():
        if len(pooled) >= least:
            parts = [pooled] if percent == max(SAMPLES) else [one for one in by_repetition if one]
            found[f"p{percent:g}"] = float(np.median([np.percentile(part, percent) for part in parts])) / 1e3
    return found


def _saturated(found: Sequence[Measured]) -> list[Stretch]:
    return [one.saturated for one in found if one.saturated is not None]


def _paced(found: Sequence[Measured]) -> list[Stretch]:
    return [one.paced for one in found if one.paced is not None]


def _wire(kind: Kind, fast: list[Stretch], paced: list[Stretch]) -> Wire:
    low, middle, high = np.percentile([one.rate_hz for one in fast], [25, 50, 75]).tolist()
    both = [*fast, *paced]
    return Wire(
        kind=kind,
        rate_hz=middle,
        rate_low_hz=low,
        rate_high_hz=high,
        cpu_us={name: float(np.median([one.cpu_us[name] for one in fast])) for name in fast[0].cpu_us},
        all_cpu_us=_median(fast, _cpu_us),
        switches=_median(fast, lambda one: sum(one.switches.values())),
        child_cpu_us=_median(fast, lambda one: one.child_cpu_us),
        child_switches=_median(fast, lambda one: one.child_switches),
        subscriber_cpu_us=_median(fast, lambda one: one.subscriber_cpu_us),
        received=sum(one.heard.results for one in fast) / sum(one.frames for one in fast),
        rows_per_s=_median(fast, lambda one: one.rows_per_s),
        crowd=min(one.crowd for one in both),
        crowd_cpu_us=_median(fast, lambda one: one.crowd_cpu_us),
        load_hz=_median(paced, lambda one: one.rate_hz),
        load_cpu_us=_median(paced, _cpu_us),
        samples=sum(len(one.heard.latency_us) for one in paced),
        latency_ms=latency_ms([one.heard.latency_us for one in paced]),
        frames=sum(one.frames for one in both),
        rejected=sum(one.rejected for one in both),
        uninspected=sum(one.uninspected for one in both),
    )


def _cpu_us(one: Stretch) -> float:
    return sum(one.cpu_us.values())


def _median(of: Sequence[Stretch], figure: Callable[[Stretch], float]) -> float:
    return float(np.median([figure(one) for one in of]))
