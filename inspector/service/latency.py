"""Capture-to-verdict latency in bounded memory: a histogram with logarithmic buckets."""

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


class Distribution(NamedTuple):
    """All latencies at one moment, counted by limits."""

    within: list[int]
    """For each limit, how many are within it."""
    added: int
    """Latencies added."""
    total_us: float
    """Sum of all, us."""


class LatencyHistogram:
    """Histogram of latencies. Thread-safe."""

    def __init__(self) -> None:
        self._counts = [0] * BUCKETS
        self._lock = threading.Lock()
        self.count = 0
        """Latencies added."""
        self.total_us = 0.0
        """Sum of all, us."""
        self.max_us = 0.0
        """Largest latency added, us."""

    def add(self, latency_us: float) -> None:
        """Count one latency."""
        above = max(latency_us, SMALLEST_US) / SMALLEST_US
        bucket = min(BUCKETS - 1, int(math.log(above) / math.log(RESOLUTION)))
        with self._lock:
            self._counts[bucket] += 1
            self.count += 1
            self.total_us += latency_us
            self.max_us = max(self.max_us, latency_us)

    def percentile_us(self, share: float) -> float | None:
        """The latency that is not exceeded by ``share`` (0..1) of those added, us; None before the first."""
        with self._lock:
            if not self.count:
                return None
            wanted, seen = share * self.count, 0
            for bucket, count in enumerate(self._counts):
                seen += count
                if count and seen >= wanted:
                    return min(self.max_us, SMALLEST_US * RESOLUTION ** (bucket + 1))
            return self.max_us

    def distribution(self, limits_us: Sequence[float]) -> Distribution:
        """How many latencies are within each of ``limits_us``, which ascend. A latency up to 2 % below a limit may count as beyond it, one
        beyond it never as within."""
        with self._lock:
            counts, added, total_us = list(self._counts), self.count, self.total_us
        within, bucket, seen = [], 0, 0
        for limit_us in limits_us:
            while bucket < BUCKETS and SMALLEST_US * RESOLUTION ** (bucket + 1) <= limit_us:
                seen += counts[bucket]
                bucket += 1
            within.append(seen)
        return Distribution(within, added, total_us)
