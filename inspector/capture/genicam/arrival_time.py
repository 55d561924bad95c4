"""When the first packet of a frame came, on this machine's monotonic clock.

Aravis stamps it with the wall clock, which may be stepped at any moment. So the difference between the two clocks is read again and again,
and a stamp is converted by the difference that held when it was made.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

STEP_NS = 2_000_000
"""The wall clock was stepped where the difference changes by more from one reading to the next: NTP's slewing moves it by 0.5 ms a second."""
KEPT = 8
"""So many differences are remembered; each holds until the clock is stepped again."""
OLDEST_NS = 60_000_000_000
"""No stamp is older: a frame does not wait longer for the line."""


class _Difference(NamedTuple):
    """Wall clock minus monotonic clock, ns, as it held from ``since_ns`` to ``until_ns``, monotonic."""

    wall_ahead_ns: int
    since_ns: int
    until_ns: int


class ArrivalTime:
    """Converts the stamps of one stream. Used by one thread."""

    def __init__(
        self, wall_ns: Callable[[], int] = time.time_ns, monotonic_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._wall_ns = wall_ns
        self._monotonic_ns = monotonic_ns
        self._held: deque[_Difference] = deque(maxlen=KEPT)
        self.look()

    @property
    def wall_ahead_ns(self) -> int:
        """Wall clock minus monotonic clock at the last reading, ns."""
        return self._held[-1].wall_ahead_ns

    def look(self) -> int:
        """Read both clocks; to be called often, also while no frame comes. Returns the monotonic time, ns."""
        now_ns = self._monotonic_ns()
        ahead_ns = self._wall_ns() - now_ns
        if self._held:
            last = self._held[-1]
            if abs(ahead_ns - last.wall_ahead_ns) <= STEP_NS:
                self._held[-1] = _Difference(ahead_ns, last.since_ns, now_ns)
                return now_ns
            # It was stepped at a moment between the two readings.
            self._held.append(_Difference(ahead_ns, last.until_ns, now_ns))
            self._held[-2] = last._replace(until_ns=now_ns)
            return now_ns
        self._held.append(_Difference(ahead_ns, now_ns - OLDEST_NS, now_ns))
        return now_ns

    def of(self, stamp_ns: int) -> int:
        """Monotonic ns of a frame that has just been received and is stamped with the wall clock, Unix ns.

        Now, where no reading of the clocks explains the stamp.
        """
        now_ns = self.look()
        for difference in reversed(self._held):
            then_ns = stamp_ns - difference.wall_ahead_ns
            if difference.since_ns <= then_ns <= difference.until_ns:
                return then_ns
        return now_ns
