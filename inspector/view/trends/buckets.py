"""What is counted of the frames of a camera in a quarter of an hour. Buckets can be added up: those of an hour, of all cameras, of what was read later."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias, TypeVar

import msgspec

STEP_S = 900
"""Length of a bucket. Buckets begin at whole quarters of an hour, UTC."""
STEP_NS = STEP_S * 10**9
DAY_STEPS = 86_400 // STEP_S
GATE_CLEAN, NO_DEFECT, REJECT, SCRAP, DISMISSED = "gate_clean", "no_defect", "REJECT", "SCRAP", "dismissed"
"""Keys of ``Bucket.calls``; every other key is the reason for which a frame was not inspected."""
INSPECTED = (GATE_CLEAN, NO_DEFECT, REJECT, SCRAP, DISMISSED)
MOST_NAMES = 64
"""Classes, and reasons, that are told apart in a bucket."""
_BITS = 6
K = TypeVar("K")


class Bucket(msgspec.Struct, array_like=True):
    """Frames of a time."""

    frames: int = 0
    """With a verdict, lost ones included."""
    simulated: int = 0
    """Of these."""
    calls: dict[str, int] = msgspec.field(default_factory=dict)
    """Frames by what was said of them."""
    classes: dict[str, int] = msgspec.field(default_factory=dict)
    """Frames with a defect of the class."""
    latencies: dict[int, int] = msgspec.field(default_factory=dict)
    """Frames by ``latency_bin``: those that were inspected or ran out of time."""
    scored: int = 0
    score: float = 0.0
    """Sum of the gate's scores, of so many frames."""
    clean_score: float = 0.0
    """Sum of those that the gate called clean."""
    missing: int = 0
    """Messages that are not in the journal, found where the next one is."""
    deadline_ms: float | None = None
    """The shortest one."""

    def add(self, other: Bucket) -> None:
        """Count what ``other`` counts, too."""
        self.frames += other.frames
        self.simulated += other.simulated
        self.scored += other.scored
        self.score += other.score
        self.clean_score += other.clean_score
        self.missing += other.missing
        _add_up(self.calls, other.calls)
        _add_up(self.classes, other.classes)
        _add_up(self.latencies, other.latencies)
        known = [one for one in (self.deadline_ms, other.deadline_ms) if one is not None]
        self.deadline_ms = min(known, default=None)

    @property
    def inspected(self) -> int:
        """Frames that were inspected."""
        return sum(self.calls.get(key, 0) for key in INSPECTED)


def _add_up(counts: dict[K, int], more: dict[K, int]) -> None:
    for key, count in more.items():
        counts[key] = counts.get(key, 0) + count


Day: TypeAlias = dict[str, dict[int, Bucket]]
"""The buckets of a day (UTC) by camera and number of the bucket in the day."""

_day = msgspec.msgpack.Decoder(Day)


def encoded(day: Day) -> bytes:
    """A day as it is kept."""
    return msgspec.msgpack.encode(day)


def decoded(data: bytes) -> Day:
    """A day that was kept. Raises msgspec.DecodeError."""
    return _day.decode(data)


def merge(day: Day, more: Day) -> None:
    """Count in ``day`` what ``more`` counts."""
    for camera, buckets in more.items():
        mine = day.setdefault(camera, {})
        for slot, bucket in buckets.items():
            if slot in mine:
                mine[slot].add(bucket)
            else:
                mine[slot] = bucket


def latency_bin(latency_us: int) -> int:
    """Number of the bin: each power of two has 32, so that a bin is at most 3.2 % wide."""
    shift = latency_us.bit_length() - _BITS
    return latency_us if shift <= 0 else (shift << _BITS) + (latency_us >> shift)


def latency_of(number: int) -> float:
    """The middle of a bin, us."""
    if number < 1 << _BITS:
        return float(number)
    shift = number >> _BITS
    return ((number & ((1 << _BITS) - 1)) + 0.5) * float(1 << shift)


def percentiles(latencies: dict[int, int], shares: Iterable[float]) -> list[float | None]:
    """The latencies, us, within which these shares of the frames are; None where there are no frames."""
    whole = sum(latencies.values())
    in_order = sorted(latencies.items())
    return [None if not whole else _ranked(in_order, share * (whole - 1)) for share in shares]


def _ranked(in_order: list[tuple[int, int]], rank: float) -> float:
    before = 0
    for number, count in in_order:
        before += count
        if before > rank:
            return latency_of(number)
    return latency_of(in_order[-1][0])
