"""One clock for deadlines, another for the wire.

Inside the process every time is monotonic nanoseconds, so that a step of the wall clock (NTP, an operator) can neither
expire a frame nor keep it alive. On the wire times are nanoseconds since the Unix epoch, so that a subscriber on
another machine can compare them with its own.
"""

from __future__ import annotations

import time


def now_ns() -> int:
    """Monotonic time in ns; only differences mean anything."""
    return time.monotonic_ns()


def unix_ns(monotonic_ns: int) -> int:
    """Nanoseconds since the Unix epoch of a monotonic reading taken in this boot."""
    return monotonic_ns + time.time_ns() - time.monotonic_ns()
