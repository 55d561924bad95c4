"""One repetition of a measurement: the line saturated and at part load, and the engines without it just before and after.

Two comparisons are made and never mixed: the saturated line with the saturated engines, and latency at part load with the time of single
batches with nothing else running.
"""

from __future__ import annotations

from typing import NamedTuple

from inspector.bench.bound import Bound
from inspector.bench.engines import BusyTimes, EngineBench, OwnTimes, mean_times
from inspector.bench.latency import BEYOND
from inspector.bench.lines import BenchLine
from inspector.bench.mix import Mix
from inspector.bench.stretch import Stretch

LOAD = 0.7
"""Camera's rate at part load, as a share of the rate the line has just reached."""
STEADY = 1.15
"""A repetition is steady where the bounds from the engines' times, measured three times in it, differ by no more than this factor."""
PART_LOAD_LENGTH = 3.0
"""Length of the stretch at part load, in lengths of a single measurement."""
LONGEST_PART_LOAD = 9.0
"""The same where that many frames make a percentile possible."""
P99_SAMPLES = 100 * BEYOND


class Repetition(NamedTuple):
    """What one repetition found."""

    steady: bool
    busy: BusyTimes
    """The engines just before and after the saturated line."""
    bound_hz: float
    """What they allow."""
    saturated: Stretch
    load_hz: float
    part_load: Stretch
    own: OwnTimes
    full: OwnTimes
    """Of full batches."""


class Measure(NamedTuple):
    """How a repetition is measured."""

    engines: EngineBench
    bound: Bound
    line: BenchLine
    seconds: float
    """Length of a single measurement."""
    repetitions: int
    """How many there will be, whose samples are pooled."""

    def repeat(self, mix: Mix, number: int) -> Repetition:
        """Measure one mix once. Raises UserError or EngineError."""
        engines, line, seconds = self.engines, self.line, self.seconds
        batch = engines.max_batch
        before = engines.busy(seconds / 3, batch)
        frames = self.bound.rate_hz(before, mix.share) * seconds
        saturated = line.run(frames, mix.share, pattern=mix.pattern, seed=number)
        after = engines.busy(seconds / 3, batch)
        own, full = engines.own(seconds / 2), engines.own(seconds / 4, batch)
        load_hz = LOAD * saturated.rate_hz
        frames = part_load_frames(load_hz, mix.share, seconds, self.repetitions)
        part_load = line.run(frames, mix.share, load_hz, pattern=mix.pattern, seed=number)
        last = engines.busy(seconds / 3, batch)
        bounds = [self.bound.rate_hz(one, mix.share) for one in (before, after, last)]
        busy = mean_times((before, after))
        return Repetition(
            steady=max(bounds) <= STEADY * min(bounds),
            busy=busy,
            bound_hz=self.bound.rate_hz(busy, mix.share),
            saturated=saturated,
            load_hz=load_hz,
            part_load=part_load,
            own=own,
            full=full,
        )


def part_load_frames(load_hz: float, share: float, seconds: float, repetitions: int) -> float:
    """Frames at part load: ``PART_LOAD_LENGTH`` measurements long, or up to ``LONGEST_PART_LOAD`` where the rarer kind of frame then has
    enough samples for its p99, over all repetitions."""
    usual = PART_LOAD_LENGTH * seconds * load_hz
    rarer = min(part for part in (share, 1 - share) if part > 0)
    needed = P99_SAMPLES / rarer / repetitions
    return needed if usual < needed <= LONGEST_PART_LOAD * seconds * load_hz else usual
