"""The whole measurement. Figures that are compared are measured alternately, seconds apart, many times, because machines change their speed."""

from __future__ import annotations

from collections.abc import Callable

from engines.bundle import find_bundle, read_bundle
from engines.files.writing import temporary_folder
from engines.runtime.batches import buckets
from inspector.bench.bound import Bound
from inspector.bench.engines import EngineBench
from inspector.bench.figures import BenchSettings, Figures
from inspector.bench.flat_field import copy_cost
from inspector.bench.frame_check import frame_check_us
from inspector.bench.lines import BenchLine, render_pool
from inspector.bench.memory import MakeLine, MemorySlope, measure_memory
from inspector.bench.mix import Mix, mixes
from inspector.bench.repetition import Measure, Repetition
from inspector.bench.subscriber import Received
from inspector.bench.summary import at_mix, own_time
from inspector.capture.source import FrameSource
from inspector.inference.loading import load_configured

POOL = 48
MEMORY_SHARE = 0.10
"""Let through in the memory runs."""

Say = Callable[[str], None]


def measure(settings: BenchSettings, say: Say) -> Figures:
    """Measure with ``settings``; ``say`` is called with the name of each step. Raises UserError, BundleError or EngineError."""
    path = find_bundle(settings.bundle)
    bundle = read_bundle(path)
    say("rendering the pool of frames")
    pool = render_pool(bundle.height, bundle.width, POOL)

    def make_line(wrap: Callable[[FrameSource], FrameSource]) -> BenchLine:
        return BenchLine(str(path), settings.inference, pool, directory, wrap, deadline_ms=settings.deadline_ms)

    with temporary_folder("inspector-bench-") as directory:
        engines = load_configured(bundle, settings.inference).engines
        try:
            engine_bench = EngineBench(engines, pool)
            say("the engines alone, by batch")
            batches = {
                str(size): engine_bench.times(2 * settings.seconds, size) for size in buckets(engine_bench.max_batch)
            }
            say("the check of frames")
            check_us = frame_check_us(pool)
            say("the copy into the slot, with a flat field and without")
            copying = copy_cost(pool)
            bound = Bound.of(engines)
            found, received = _measure_mixes(settings, engine_bench, bound, make_line, say)
        finally:
            engines.close()
        memory, leaking = _measure_memory(settings.memory_frames, make_line, say)
    everything = [one for repetitions in found.values() for one in repetitions]
    return Figures(
        settings=settings,
        bundle=bundle.id,
        device=engines.device,
        max_batch=engine_bench.max_batch,
        batches=batches,
        bound=bound,
        frame_check_us=check_us,
        copying=copying,
        own_clean=own_time(everything, settings.inference, let_through=False),
        own_let_through=own_time(everything, settings.inference, let_through=True),
        mixes=tuple(at_mix(mix, repetitions, settings.inference) for mix, repetitions in found.items()),
        received=received,
        memory=memory,
        memory_with_planted_leak=leaking,
    )


def _measure_mixes(
    settings: BenchSettings, engine_bench: EngineBench, bound: Bound, make_line: MakeLine, say: Say
) -> tuple[dict[Mix, list[Repetition]], Received]:
    """Every mix in each repetition, in turn."""
    found: dict[Mix, list[Repetition]] = {mix: [] for mix in mixes(settings.shares, settings.patterns)}
    with make_line(lambda source: source) as line:
        measuring = Measure(engine_bench, bound, line, settings.seconds, settings.repetitions)
        for number in range(1, settings.repetitions + 1):
            for mix, repetitions in found.items():
                say(f"repetition {number} of {settings.repetitions}: {mix.share:.0%} let through, {mix.pattern.value}")
                repetitions.append(measuring.repeat(mix, number))
    return found, line.received


def _measure_memory(frames: int, make_line: MakeLine, say: Say) -> tuple[MemorySlope | None, MemorySlope | None]:
    """The slope of memory, and that with a planted leak; None where no frames are to be run."""
    if not frames:
        return None, None
    say(f"memory over {frames} frames")
    flat = measure_memory(make_line, frames, MEMORY_SHARE, plant=False)
    say(f"memory over {frames} frames, with a leak planted to prove the check")
    return flat, measure_memory(make_line, frames, MEMORY_SHARE, plant=True)
