"""Everything ``inspector bench`` finds, as it is printed in JSON."""

from __future__ import annotations

import msgspec

from inspector.bench.bound import Bound
from inspector.bench.engines import EngineTimes
from inspector.bench.flat_field import CopyCost
from inspector.bench.latency import KindLatency
from inspector.bench.lines import DEADLINE_MS
from inspector.bench.memory import MemorySlope
from inspector.bench.pattern import BURST, Pattern
from inspector.bench.repetition import LOAD
from inspector.bench.subscriber import Received
from inspector.config.inference import InferenceConfig


class BenchSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What to measure, and how long."""

    bundle: str
    inference: InferenceConfig
    """Runtime, batches and the other options that the engines are run with."""
    shares: tuple[float, ...] = (0.02, 0.10, 0.50, 1.00)
    """Of the frames, let through; each above 0, at most 1."""
    patterns: tuple[Pattern, ...] = tuple(Pattern)
    repetitions: int = 7
    seconds: float = 1.0
    """About how long each single measurement takes; at part load ``PART_LOAD_LENGTH`` times as long or longer."""
    deadline_ms: float = DEADLINE_MS
    """From capture to verdict, at part load."""
    memory_frames: int = 20_000
    """0: memory is not measured."""


class Saturated(msgspec.Struct, frozen=True, kw_only=True):
    """The line as fast as it takes frames, beside the engines alone, saturated too: medians over the repetitions."""

    gate_ms: float
    """Engines' times just before and after, ms per frame."""
    segmenter_ms: float
    bound_hz: float
    """What the engines allow with these times."""
    rate_hz: float
    of_bound: float
    """rate / bound of the same repetition; target >= 0.97."""
    of_bound_low: float
    """Lower quartile over the repetitions."""
    of_bound_high: float
    """Upper quartile."""
    cpu_ms: float
    """CPU time of the parent process per frame: everything but the engines and the subscriber."""
    uninspected: dict[str, int]
    """Frames that ended UNINSPECTED by reason, over all repetitions."""


class PartLoad(msgspec.Struct, frozen=True, kw_only=True):
    """The line while the camera delivers at a rate, beside single batches with nothing else running."""

    rate_hz: float
    """Of the camera, ``load`` of what the line reached saturated in the same repetition: median over the repetitions."""
    of_camera: float
    """Verdicts per second / that rate; median."""
    under_way_mean: float
    """Queue depth: frames captured and without a verdict; mean over time, median over the repetitions."""
    under_way_most: int
    """Most at any time."""
    frames: int
    """Over all repetitions, each kind in ``clean`` or ``let_through``, and without those that warm up."""
    uninspected: dict[str, int]
    """Frames that ended UNINSPECTED by reason, over all repetitions."""
    clean: KindLatency | None
    """Frames that only the gate sees, beside the gate's own time; None where there are none."""
    let_through: KindLatency | None
    """Frames that both engines see, beside their own time."""


class AtMix(msgspec.Struct, frozen=True, kw_only=True):
    """Figures for one share of frames let through, in one pattern."""

    share: float
    pattern: Pattern
    steady_repetitions: int
    """Those in which the machine kept its speed. All are used; where few are steady, other programs disturb the measurement."""
    saturated: Saturated
    part_load: PartLoad


class OwnTime(msgspec.Struct, frozen=True, kw_only=True):
    """Time of a kind of frame with nothing else running, over all repetitions."""

    mean_ms: float
    """Of one frame, median over the repetitions."""
    p99_of_mean: float | None
    """The spread that the machine itself adds."""
    full_batch_ms: float
    """Of a full batch, plus the configured waits; median over the repetitions."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """All findings."""

    settings: BenchSettings
    load: float = LOAD
    """Camera's rate at part load / rate that the line just reached. Frames are due at equal distances, whatever the line does."""
    burst: int = BURST
    """Frames in a burst."""
    bundle: str
    device: str
    max_batch: int
    batches: dict[str, EngineTimes]
    """Engines alone, by batch size."""
    bound: Bound
    """How the bound is made up of the engines' times."""
    frame_check_us: float
    """Time of the check whether a frame shows anything, which each frame takes in its camera's thread: median per frame."""
    copying: CopyCost
    """A frame on its way into the slot."""
    own_clean: OwnTime
    """One frame through the gate."""
    own_let_through: OwnTime
    """One frame through both engines."""
    mixes: tuple[AtMix, ...]
    received: Received
    """What the subscriber got over the whole measurement without the memory runs."""
    memory: MemorySlope | None
    memory_with_planted_leak: MemorySlope | None
