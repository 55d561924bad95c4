"""Latencies in bounded memory: a histogram with logarithmic buckets, and what a process tells another one of its own."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from typing import NamedTuple

RESOLUTION = 1.02
"""Ratio of a bucket's upper to its lower limit: a percentile is at most 2 % wrong."""
SMALLEST_US = 10.0
BUCKETS = 1000
"""Number of buckets: from 10 us to 10 us x 1.02^1000, which is over an hour."""
_PER_RATIO = 1 / math.log(RESOLUTION)
_FIRST = math.log(SMALLEST_US) * _PER_RATIO
_LARGEST_US = SMALLEST_US * RESOLUTION ** (BUCKETS - 0.5)
_log = math.log


# Inlined where it is called for every frame: a call costs as much as the logarithm.
def bucket_of(latency_us: float) -> int:
    """The bucket that counts a latency."""
    if latency_us <= SMALLEST_US:
        return 0
    return int(_log(latency_us) * _PER_RATIO - _FIRST) if latency_us < _LARGEST_US else BUCKETS - 1


class Distribution(NamedTuple):
    """All latencies at one moment, counted by limits."""

    within: list[int]
    """For each limit, how many are within it."""
    added: int
    """Latencies added."""
    total_us: float
    """Sum of all, us."""


class LatencyTally:
    """Latencies of one thread since they were last taken, as a few whole numbers for another process."""

    __slots__ = ("_counts", "_max_us", "_total_us")

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._total_us = self._max_us = 0

    def add(self, latency_us: int) -> None:
        """Count one latency."""
        if SMALLEST_US < latency_us < _LARGEST_US:
            bucket = int(_log(latency_us) * _PER_RATIO - _FIRST)
        else:
            bucket = bucket_of(latency_us)
        self._counts[bucket] = self._counts.get(bucket, 0) + 1
        self._total_us += latency_us
        if latency_us > self._max_us:
            self._max_us = latency_us

    def take(self) -> list[int]:
        """Those since the last call: their sum and the largest of them, us, then bucket and count in turn. Empty where there is none."""
        if not self._counts:
            return []
        taken = [self._total_us, self._max_us]
        for pair in self._counts.items():
            taken += pair
        self._counts = {}
        self._total_us = self._max_us = 0
        return taken


class LatencyHistogram:
    """Histogram of latencies. Thread-safe."""

    def __init__(self) -> None:
        self._counts = [0] * BUCKETS
        self._lock = threading.Lock()
        self.total_us = 0.0
        """Sum of all, us."""
        self.max_us = 0.0
        """Largest latency added, us."""

    @property
    def count(self) -> int:
        """Latencies added."""
        with self._lock:
            return sum(self._counts)

    def add(self, latency_us: float) -> None:
        """Count one latency."""
        if SMALLEST_US < latency_us < _LARGEST_US:
            bucket = int(_log(latency_us) * _PER_RATIO - _FIRST)
        else:
            bucket = bucket_of(latency_us)
        with self._lock:
            self._counts[bucket] += 1
            self.total_us += latency_us
            if latency_us > self.max_us:
                self.max_us = latency_us

    def add_taken(self, taken: Sequence[int]) -> None:
        """Count what ``LatencyTally.take`` gave. Raises ValueError, and counts nothing, for what it cannot have given."""
        if not taken:
            return
        total_us, max_us, *pairs = taken
        counted = list(zip(pairs[::2], pairs[1::2], strict=True))
        if not all(0 <= bucket < BUCKETS and count >= 0 for bucket, count in counted):
            raise ValueError(f"no counts of latencies: {taken}")
        with self._lock:
            for bucket, count in counted:
                self._counts[bucket] += count
            self.total_us += total_us
            self.max_us = max(self.max_us, max_us)

    def percentile_us(self, share: float) -> float | None:
        """The latency that is not exceeded by ``share`` (0..1) of those added, us; None before the first."""
        with self._lock:
            count_of_all = sum(self._counts)
            if not count_of_all:
                return None
            wanted, seen = share * count_of_all, 0
            for bucket, count in enumerate(self._counts):
                seen += count
                if count and seen >= wanted:
                    return min(self.max_us, SMALLEST_US * RESOLUTION ** (bucket + 1))
            return self.max_us

    def distribution(self, limits_us: Sequence[float]) -> Distribution:
        """How many latencies are within each of ``limits_us``, which ascend. A latency up to 2 % below a limit may count as beyond it, one
        beyond it never as within."""
        with self._lock:
            counts, total_us = list(self._counts), self.total_us
        added = sum(counts)
        within, bucket, seen = [], 0, 0
        for limit_us in limits_us:
            while bucket < BUCKETS and SMALLEST_US * RESOLUTION ** (bucket + 1) <= limit_us:
                seen += counts[bucket]
                bucket += 1
            within.append(seen)
        return Distribution(within, added, total_us)
