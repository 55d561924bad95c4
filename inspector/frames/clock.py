"""Two clocks: monotonic time inside the process, Unix time in messages and in the journal.

Inside the process every time is in monotonic nanoseconds, so that a step of the wall clock (NTP, an operator) can neither
expire a frame nor delay its deadline. Published times are nanoseconds since the Unix epoch, so that a subscriber on
another machine can compare them with its own.
"""

from __future__ import annotations

import time


def now_ns() -> int:
    """Monotonic time in ns; only differences between two readings have a meaning."""
    return time.monotonic_ns()


_TOGETHER_NS = 20_000
"""Readings of two clocks further apart than this belong to different moments: something else ran between them."""
_TRIES = 5


def both_clocks() -> tuple[int, int]:
    """Unix time and monotonic time of this moment, ns; within 10 us of each other, unless the machine interrupts five readings in a row."""
    apart_ns, best = 1 << 62, (0, 0)
    for _ in range(_TRIES):
        before, unix, after = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
        if after - before < apart_ns:
            apart_ns, best = after - before, (unix, (before + after) // 2)
        if apart_ns <= _TOGETHER_NS:
            break
    return best


def unix_ns(monotonic_ns: int) -> int:
    """Convert a reading of ``now_ns`` from this boot to nanoseconds since the Unix epoch."""
    unix, monotonic = both_clocks()
    return monotonic_ns + unix - monotonic


def monotonic_ns(unix_ns: int) -> int:
    """Convert nanoseconds since the Unix epoch to what ``now_ns`` gave at that time, had this boot begun by then; it may be negative."""
    unix, monotonic = both_clocks()
    return unix_ns - unix + monotonic
