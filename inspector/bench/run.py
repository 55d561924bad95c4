"""The whole measurement: what is compared is measured in turn, round after round, and reported as medians of ratios."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from engines.bundle import find_bundle, read_bundle
from engines.runtime.engine import Engines
from engines.runtime.load import load_engines
from inspector.bench.engines import EngineTimes, measure_engines
from inspector.bench.lines import Bench, render_pool, run_line
from inspector.bench.memory import MemorySlope, measure_memory
from inspector.config.inference import InferenceConfig

PASS_RATES = (0.02, 0.10, 0.50, 1.00)
LOAD = 0.7
"""Share of the measured capacity at which latency is taken."""
POOL = 48
MIN_FRAMES = 200
MEMORY_PASS_RATE = 0.10


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How much to measure."""

    bundle: str
    precision: Literal["auto", "f32", "bf16"]
    rounds: int
    seconds: float
    """About how long each single measurement takes."""
    batches: tuple[int, ...]
    memory_frames: int
    """0: memory is not measured."""


class AtPassRate(msgspec.Struct, frozen=True, kw_only=True):
    """The line at one pass rate: one round, or the medians over the rounds."""

    pass_rate: float
    bound_hz: float
    """From the engines' times just before and after."""
    rate_hz: float
    of_bound: float
    """rate / bound; target >= 0.90."""
    cpu_ms: float
    """CPU time of the parent process per frame: everything but the engines."""
    load_hz: float
    """Rate at which the latencies were taken: ``LOAD`` of ``rate_hz``."""
    p50_ms: float
    """Capture to verdict."""
    p95_ms: float
    p99_ms: float
    max_ms: float
    let_through_p99_ms: float
    """Of the frames both engines saw."""
    own_ms: float
    """The engines' own time for one frame that both see, nothing else running."""
    p99_of_own: float
    """p99 / own; target <= 1.5."""
    uninspected: int


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Everything ``inspector bench`` measures."""

    bundle: str
    device: str
    rounds: int
    batches: dict[str, EngineTimes]
    """Engines alone, by batch size."""
    pass_rates: tuple[AtPassRate, ...]
    memory: MemorySlope | None
    memory_with_planted_leak: MemorySlope | None


def measure(plan: Plan, say: Callable[[str], None]) -> Figures:
    """Carry out ``plan``; ``say`` hears what is being done. Raises UserError, BundleError or EngineError."""
    path = find_bundle(plan.bundle)
    bundle = read_bundle(path)
    say("rendering the pool of frames")
    pool = render_pool(bundle.height, bundle.width, POOL)
    engines = load_engines(bundle, precision=plan.precision, max_batch=max(plan.batches)).engines
    with tempfile.TemporaryDirectory(prefix="inspector-bench-") as directory:
        bench = Bench(str(path), InferenceConfig(precision=plan.precision), pool, Path(directory))
        try:
            say("the engines alone, by batch")
            batches = {str(size): measure_engines(engines, pool, plan.seconds / 2, size) for size in plan.batches}
            found: dict[float, list[AtPassRate]] = {rate: [] for rate in PASS_RATES}
            for number in range(1, plan.rounds + 1):
                for rate in PASS_RATES:
                    say(f"round {number} of {plan.rounds}: the line with {rate:.0%} let through")
                    found[rate].append(_at_pass_rate(bench, engines, rate, plan.seconds))
        finally:
            engines.close()
        memory = leaking = None
        if plan.memory_frames:
            say(f"memory over {plan.memory_frames} frames")
            memory = measure_memory(bench, plan.memory_frames, MEMORY_PASS_RATE, plant=False)
            say(f"memory over {plan.memory_frames} frames, with a leak planted to prove the check")
            leaking = measure_memory(bench, plan.memory_frames, MEMORY_PASS_RATE, plant=True)
    return Figures(
        bundle=bundle.id,
        device=engines.device,
        rounds=plan.rounds,
        batches=batches,
        pass_rates=tuple(_median(rounds) for rounds in found.values()),
        memory=memory,
        memory_with_planted_leak=leaking,
    )


def _at_pass_rate(bench: Bench, engines: Engines, rate: float, seconds: float) -> AtPassRate:
    """One round: engines, line as fast as it goes, engines again, line at part load."""
    before = measure_engines(engines, bench.pool, seconds / 4)
    fast = run_line(bench, _frames(before, rate, seconds), rate)
    after = measure_engines(engines, bench.pool, seconds / 4)
    # Frames per second average as their inverse: the bound over both measurements is that of the mean time.
    bound_hz = 2 / (1 / before.bound_hz(rate) + 1 / after.bound_hz(rate))
    load_hz = LOAD * fast.rate_hz
    paced = run_line(bench, max(MIN_FRAMES, int(load_hz * seconds)), rate, load_hz)
    own_ms = (before.own_ms + after.own_ms) / 2
    p50, p95, p99, longest = paced.latency_ms
    return AtPassRate(
        pass_rate=rate,
        bound_hz=bound_hz,
        rate_hz=fast.rate_hz,
        of_bound=fast.rate_hz / bound_hz,
        cpu_ms=fast.cpu_ms,
        load_hz=load_hz,
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        max_ms=longest,
        let_through_p99_ms=paced.let_through_p99_ms,
        own_ms=own_ms,
        p99_of_own=p99 / own_ms,
        uninspected=fast.uninspected + paced.uninspected,
    )


def _frames(times: EngineTimes, rate: float, seconds: float) -> int:
    return max(MIN_FRAMES, int(times.bound_hz(rate) * seconds))


def _median(rounds: list[AtPassRate]) -> AtPassRate:
    """Field by field; frames without inspection are added up, for one is too many."""
    medians = {
        field: statistics.median(getattr(one, field) for one in rounds) for field in AtPassRate.__struct_fields__
    }
    medians["uninspected"] = sum(one.uninspected for one in rounds)
    return AtPassRate(**medians)
