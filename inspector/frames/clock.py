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


def both_clocks() -> tuple[int, int]:
    """Unix time and monotonic time of this moment, ns."""
    return time.time_ns(), time.monotonic_ns()


def unix_ns(monotonic_ns: int) -> int:
    """Convert a reading of ``now_ns`` from this boot to nanoseconds since the Unix epoch."""
    return monotonic_ns + time.time_ns() - time.monotonic_ns()


def monotonic_ns(unix_ns: int) -> int:
    """Convert nanoseconds since the Unix epoch to what ``now_ns`` gave at that time, had this boot begun by then; it may be negative."""
    return unix_ns - time.time_ns() + time.monotonic_ns()
