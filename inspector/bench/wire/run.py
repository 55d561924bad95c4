"""The whole measurement: the ways in which masks are measured, each in a process of its own, alternately and several times."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import chain

import msgspec
import numpy as np

from inspector.bench.wire.arm import WITHOUT_NATIVE, Measure, Measured, compiled
from inspector.bench.wire.line import Kind, Stretch
from inspector.bench.wire.partner import Partner

KINDS = (Kind(0, 0), *(Kind(percent, defects) for defects in (3, 20) for percent in (10, 50, 100)))
COMPILED, NUMPY = "compiled", "numpy"
"""The ways of measuring masks: the compiled pass, and the code that is used where it could not be built."""
SAMPLES = {50.0: 100, 99.0: 1_000, 99.9: 10_000}
"""The percentiles that are stated, each from this many samples on: ten lie above it."""


class WireSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How much to measure."""

    repetitions: int
    seconds: float
    """About how long each single measurement takes."""


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
    """Of the line's process, by thread, ``all`` of them too."""
    switches: float
    """Voluntary context switches of the line's process."""
    child_cpu_us: float
    child_switches: float
    subscriber_cpu_us: float
    received: float
    """Share of the results that reached the subscriber at full speed, 0..1; the publisher drops what it does not read fast enough."""
    load_hz: float
    """Rate for the latencies, half of ``rate_hz`` of the same repetition, as it was kept."""
    load_cpu_us: float
    """Of the line's process at this rate."""
    samples: int
    """Latencies, of all repetitions."""
    latency_ms: dict[str, float]
    """Capture to arrival at the subscriber: percentiles of all samples; none that they do not carry."""
    frames: int
    """Of all repetitions, at full speed and at half of it."""
    rejected: int
    uninspected: int


class Arm(msgspec.Struct, frozen=True, kw_only=True):
    """One way of measuring masks."""

    kinds: tuple[Wire, ...]
    judging_us: dict[str, float]
    """CPU time of judging one mask, by what it shows."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Everything ``inspector bench wire`` measures."""

    repetitions: int
    seconds: float
    cores: int
    arms: dict[str, Arm]
    """By name, ``COMPILED`` only where that is built."""
    rate_ratios: tuple[float, ...]
    """Rate of the first arm by that of the second, for each kind: median over the repetitions; empty where there is one arm."""


def measure(settings: WireSettings, say: Callable[[str], None]) -> Figures:
    """Measure with ``settings``; ``say`` is called with the name of each step. Raises UserError."""
    names = (COMPILED, NUMPY) if compiled() else (NUMPY,)
    found: dict[str, list[list[Measured]]] = {name: [[] for _ in KINDS] for name in names}
    judging: dict[str, list[Measured]] = {name: [] for name in names}
    with ExitStack() as stack:
        say("starting")
        arms = {name: stack.enter_context(_arm(name)) for name in names}
        for number in range(settings.repetitions):
            # Each goes first every second time.
            order = names if number % 2 == 0 else names[::-1]
            for place, kind in enumerate((*KINDS, None)):
                for name in order:
                    say(f"round {number + 1} of {settings.repetitions}, {name}: {_words(kind)}")
                    arms[name].ask(Measure(kind=kind, seconds=settings.seconds))
                    answer = arms[name].answer()
                    (judging[name] if kind is None else found[name][place]).append(answer)
    return Figures(
        repetitions=settings.repetitions,
        seconds=settings.seconds,
        cores=_cores(),
        arms={name: _summary(found[name], judging[name]) for name in names},
        rate_ratios=_ratios(found),
    )


def _arm(name: str) -> Partner[Measured]:
    return Partner("inspector.bench.wire.arm", (), Measured, {WITHOUT_NATIVE: "1"} if name == NUMPY else {})


def _words(kind: Kind | None) -> str:
    if kind is None:
        return "judging single masks"
    return f"{kind.percent} % let through" + (f", {kind.defects} defects each" if kind.defects else "")


def _summary(found: list[list[Measured]], judging: list[Measured]) -> Arm:
    return Arm(
        kinds=tuple(_wire(kind, *_stretches(one)) for kind, one in zip(KINDS, found, strict=True)),
        judging_us={
            name: float(np.median([one.judging_us[name] for one in judging])) for name in judging[0].judging_us
        },
    )


def _stretches(found: list[Measured]) -> tuple[list[Stretch], list[Stretch]]:
    """At full speed and at half of it, by repetition."""
    saturated = [one.saturated for one in found if one.saturated is not None]
    paced = [one.paced for one in found if one.paced is not None]
    return saturated, paced


def _wire(kind: Kind, saturated: list[Stretch], paced: list[Stretch]) -> Wire:
    def median(figure: Callable[[Stretch], float], of: list[Stretch] = saturated) -> float:
        return float(np.median([figure(one) for one in of]))

    low, middle, high = np.percentile([one.rate_hz for one in saturated], [25, 50, 75]).tolist()
    by_thread = {name: median(lambda one, name=name: one.cpu_us[name]) for name in saturated[0].cpu_us}  # type: ignore[misc]
    both = [*saturated, *paced]
    return Wire(
        kind=kind,
        rate_hz=middle,
        rate_low_hz=low,
        rate_high_hz=high,
        cpu_us={**by_thread, "all": median(lambda one: sum(one.cpu_us.values()))},
        switches=median(lambda one: sum(one.switches.values())),
        child_cpu_us=median(lambda one: one.child_cpu_us),
        child_switches=median(lambda one: one.child_switches),
        subscriber_cpu_us=median(lambda one: one.subscriber_cpu_us),
        received=sum(one.heard.results for one in saturated) / sum(one.frames for one in saturated),
        load_hz=median(lambda one: one.rate_hz, paced),
        load_cpu_us=median(lambda one: sum(one.cpu_us.values()), paced),
        samples=sum(len(one.heard.latency_us) for one in paced),
        latency_ms=latency_ms([one.heard.latency_us for one in paced]),
        frames=sum(one.frames for one in both),
        rejected=sum(one.rejected for one in both),
        uninspected=sum(one.uninspected for one in both),
    )


def latency_ms(by_repetition: Sequence[Sequence[int]]) -> dict[str, float]:
    """Percentiles of latencies in microseconds. The last is that of all repetitions together, the others are medians over them; those that
    the samples do not carry are left out."""
    pooled = list(chain.from_iterable(by_repetition))
    carried = [percent for percent, least in SAMPLES.items() if len(pooled) >= least]
    found = {}
    for percent in carried:
        parts = [pooled] if percent == max(SAMPLES) else [one for one in by_repetition if one]
        found[f"p{percent:g}"] = float(np.median([np.percentile(part, percent) for part in parts])) / 1e3
    return found


def _ratios(found: dict[str, list[list[Measured]]]) -> tuple[float, ...]:
    if len(found) < 2:
        return ()
    rates = [[[one.rate_hz for one in _stretches(kind)[0]] for kind in arm] for arm in found.values()]
    return tuple(float(np.median(np.divide(*pair))) for pair in zip(*rates, strict=True))


def _cores() -> int:
    return len(os.sched_getaffinity(0))
