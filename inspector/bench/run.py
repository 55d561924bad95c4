"""The whole measurement. Figures that are compared are measured alternately, seconds apart, many times, because machines change their speed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from engines.bundle import find_bundle, read_bundle
from engines.runtime.batches import buckets
from inspector.bench.engines import EngineBench, EngineTimes, bound_hz
from inspector.bench.frame_check import frame_check_us
from inspector.bench.lines import BenchLine, Stretch, render_pool
from inspector.bench.memory import MakeLine, MemorySlope, measure_memory
from inspector.capture.source import FrameSource
from inspector.config.inference import InferenceConfig
from inspector.inference.loading import load_configured

PASS_RATES = (0.02, 0.10, 0.50, 1.00)
LOAD = 0.7
"""Share of the measured capacity at which latency is taken."""
POOL = 48
STEADY = 1.15
"""A round counts as steady where the engines' times, measured three times in it, differ by no more than this factor."""
MEMORY_PASS_RATE = 0.10


class BenchSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How much to measure."""

    bundle: str
    inference: InferenceConfig
    """Runtime, batches and the other options that the engines are run with."""
    rounds: int
    seconds: float
    """About how long each single measurement takes."""
    memory_frames: int
    """0: memory is not measured."""


class AtPassRate(msgspec.Struct, frozen=True, kw_only=True):
    """The line at one pass rate: medians over the steady rounds."""

    pass_rate: float
    steady_rounds: int
    """Rounds in which the machine kept its speed; where none did, all of them are used."""
    bound_hz: float
    """From the engines' times just before and after."""
    rate_hz: float
    of_bound: float
    """rate / bound of the same round; target >= 0.90."""
    of_bound_low: float
    """Lower quartile over the rounds."""
    of_bound_high: float
    """Upper quartile."""
    cpu_ms: float
    """CPU time of the parent process per frame: everything but the engines."""
    load_hz: float
    """Rate at which the latencies were taken: ``LOAD`` of the rate the same round reached."""
    p50_ms: float
    """Capture to verdict."""
    p95_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float
    own_ms: float
    """Mean time of one frame through both engines, with nothing else running."""
    p99_of_own: float
    """p99 / own time of the same round; target <= 1.5."""
    policy_ms: float
    """Time of a full batch alone through both engines, copies included, plus the longest waits that are configured: the latency that
    batching may cost a frame."""
    p99_of_policy: float
    engines_p99_of_own: float
    """p99 / mean of that own time, without a line: the spread that the machine itself adds."""
    uninspected: int


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Everything ``inspector bench`` measures."""

    bundle: str
    device: str
    rounds: int
    batches: dict[str, EngineTimes]
    """Engines alone, by batch size."""
    frame_check_us: float
    """Time of the check whether a frame shows anything, which each frame takes in its camera's thread: median per frame."""
    pass_rates: tuple[AtPassRate, ...]
    memory: MemorySlope | None
    memory_with_planted_leak: MemorySlope | None


class _Round(msgspec.Struct, frozen=True, kw_only=True):
    steady: bool
    bound_hz: float
    fast: Stretch
    load_hz: float
    paced: Stretch
    own_ms: NDArray[np.float64]
    full_ms: float
    """A full batch alone through both engines."""


def measure(settings: BenchSettings, say: Callable[[str], None]) -> Figures:
    """Measure with ``settings``; ``say`` is called with the name of each step. Raises UserError, BundleError or EngineError."""
    path = find_bundle(settings.bundle)
    bundle = read_bundle(path)
    say("rendering the pool of frames")
    pool = render_pool(bundle.height, bundle.width, POOL)

    def make_line(wrap: Callable[[FrameSource], FrameSource]) -> BenchLine:
        return BenchLine(str(path), settings.inference, pool, Path(directory), wrap)

    with tempfile.TemporaryDirectory(prefix="inspector-bench-") as directory:
        engines = load_configured(bundle, settings.inference).engines
        try:
            engine_bench = EngineBench(engines, pool)
            say("the engines alone, by batch")
            batches = {
                str(size): engine_bench.times(4 * settings.seconds, size) for size in buckets(engine_bench.max_batch)
            }
            say("the check of frames")
            check_us = frame_check_us(pool)
            pass_rates = _measure_line(settings, engine_bench, make_line, say)
        finally:
            engines.close()
        memory = leaking = None
        if settings.memory_frames:
            say(f"memory over {settings.memory_frames} frames")
            memory = measure_memory(make_line, settings.memory_frames, MEMORY_PASS_RATE, plant=False)
            say(f"memory over {settings.memory_frames} frames, with a leak planted to prove the check")
            leaking = measure_memory(make_line, settings.memory_frames, MEMORY_PASS_RATE, plant=True)
    return Figures(
        bundle=bundle.id,
        device=engines.device,
        rounds=settings.rounds,
        batches=batches,
        frame_check_us=check_us,
        pass_rates=pass_rates,
        memory=memory,
        memory_with_planted_leak=leaking,
    )


def _measure_line(
    settings: BenchSettings, engine_bench: EngineBench, make_line: MakeLine, say: Callable[[str], None]
) -> tuple[AtPassRate, ...]:
    found: dict[float, list[_Round]] = {rate: [] for rate in PASS_RATES}
    with make_line(lambda source: source) as line:
        for number in range(1, settings.rounds + 1):
            for rate in PASS_RATES:
                say(f"round {number} of {settings.rounds}: the line with {rate:.0%} let through")
                found[rate].append(_round(line, engine_bench, rate, settings.seconds))
    waits_ms = (settings.inference.gate_max_wait_us + settings.inference.segmenter_max_wait_us) / 1e3
    return tuple(_summary(rate, rounds, waits_ms) for rate, rounds in found.items())


def _round(line: BenchLine, engine_bench: EngineBench, rate: float, seconds: float) -> _Round:
    """The line at full speed and at part load; the engines alone before, between and after."""
    batch = engine_bench.max_batch
    times = [engine_bench.times(seconds / 2, batch)]
    fast = line.run(int(bound_hz(times, rate) * seconds), rate)
    times.append(engine_bench.times(seconds / 2, batch))
    own_ms = engine_bench.own_ms(seconds / 2)
    load_hz = LOAD * fast.rate_hz
    paced = line.run(int(load_hz * 1.5 * seconds), rate, load_hz)
    bounds = [bound_hz([one], rate) for one in (*times, engine_bench.times(seconds / 2, batch))]
    return _Round(
        steady=max(bounds) <= STEADY * min(bounds),
        bound_hz=bound_hz(times, rate),
        fast=fast,
        load_hz=load_hz,
        paced=paced,
        own_ms=own_ms,
        full_ms=batch * float(np.mean([one.gate_alone_ms + one.segmenter_alone_ms for one in times])),
    )


def _summary(pass_rate: float, rounds: list[_Round], waits_ms: float) -> AtPassRate:
    steady = [one for one in rounds if one.steady]
    used = steady or rounds
    low, middle, high = np.percentile([one.fast.rate_hz / one.bound_hz for one in used], [25, 50, 75])

    def median(figure: Callable[[_Round], float]) -> float:
        return float(np.median([figure(one) for one in used]))

    return AtPassRate(
        pass_rate=pass_rate,
        steady_rounds=len(steady),
        bound_hz=median(lambda one: one.bound_hz),
        rate_hz=median(lambda one: one.fast.rate_hz),
        of_bound=float(middle),
        of_bound_low=float(low),
        of_bound_high=float(high),
        cpu_ms=median(lambda one: one.fast.cpu_ms),
        load_hz=median(lambda one: one.load_hz),
        p50_ms=median(lambda one: _percentile(one.paced.latency_ms, 50)),
        p95_ms=median(lambda one: _percentile(one.paced.latency_ms, 95)),
        p99_ms=median(lambda one: _percentile(one.paced.latency_ms, 99)),
        p999_ms=median(lambda one: _percentile(one.paced.latency_ms, 99.9)),
        max_ms=max(float(one.paced.latency_ms.max()) for one in used),
        own_ms=median(lambda one: float(one.own_ms.mean())),
        p99_of_own=median(lambda one: _percentile(one.paced.latency_ms, 99) / float(one.own_ms.mean())),
        policy_ms=median(lambda one: one.full_ms + waits_ms),
        p99_of_policy=median(lambda one: _percentile(one.paced.latency_ms, 99) / (one.full_ms + waits_ms)),
        engines_p99_of_own=median(lambda one: _percentile(one.own_ms, 99) / float(one.own_ms.mean())),
        uninspected=sum(one.fast.uninspected + one.paced.uninspected for one in rounds),
    )


def _percentile(values: NDArray[np.float64], percent: float) -> float:
    return float(np.percentile(values, percent))
