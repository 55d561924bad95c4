"""Capture-to-verdict latency in bounded memory: a histogram with logarithmic buckets."""

from __future__ import annotations

import math
import threading

RESOLUTION = 1.02
"""Ratio of a bucket's upper to its lower limit: a percentile is at most 2 % wrong."""
SMALLEST_US = 10.0
BUCKETS = 1000
"""Number of buckets: from 10 us to 10 us x 1.02^1000, which is over an hour."""


class LatencyHistogram:
    """Histogram of latencies. Thread-safe."""

    def __init__(self) -> None:
        self._counts = [0] * BUCKETS
        self._lock = threading.Lock()
        self.count = 0
        """Latencies added."""
        self.max_us = 0.0
        """Largest latency added, us."""

    def add(self, latency_us: float) -> None:
        """Count one latency."""
        above = max(latency_us, SMALLEST_US) / SMALLEST_US
        bucket = min(BUCKETS - 1, int(math.log(above) / math.log(RESOLUTION)))
        with self._lock:
            self._counts[bucket] += 1
            self.count += 1
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
