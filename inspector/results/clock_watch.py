"""Notices that the wall clock jumps: it is compared with the monotonic clock, which no one can set.

A jump is not judged: the clock may have been wrong before it, or be wrong now. It is told, and nothing is decided by the new time
until it has stood for an hour.
"""

from __future__ import annotations

import time
from collections.abc import Callable

JUMP_S = 60.0
"""The clock jumped where it differs by more from what the monotonic clock leads to expect. NTP moves it by less."""
STANDS_S = 3600.0
"""A time that has stood for so long is believed."""
LONG_OFF_S = 30 * 86_400.0
"""Where the newest publication is older when the line starts, the clock may be wrong."""


class ClockWatch:
    """The wall clock, watched. Used by one thread, except for ``trouble``."""

    def __init__(
        self, wall_ns: Callable[[], int] = time.time_ns, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self.wall_ns = wall_ns
        self.monotonic_s = monotonic_s
        self.trouble = ""
        """What is wrong with the clock, one line; empty where nothing is, and once a jump has stood for ``STANDS_S``."""
        self._since_s = monotonic_s()
        self._offset_s = self._believed_s = self._offset()

    def check(self) -> str:
        """Look at the clock; to be called often. Returns the trouble where it is new, else an empty text."""
        now_s, offset_s = self.monotonic_s(), self._offset()
        moved = abs(offset_s - self._offset_s) > JUMP_S
        self._offset_s = offset_s
        if moved:
            self._since_s = now_s
            jump_s = offset_s - self._believed_s
            if abs(jump_s) > JUMP_S:
                self.trouble = f"the clock jumped {'ahead' if jump_s > 0 else 'back'} by {in_words(abs(jump_s))}"
                return self.trouble
            self.trouble = ""
        if self.stood_s >= STANDS_S:
            self.trouble = ""
        if not self.trouble:
            self._believed_s = offset_s
        return ""

    def compare(self, newest_unix_ns: int) -> str:
        """Compare the clock with the time of the newest publication, at the start. Returns the trouble, empty where there is none."""
        ahead_s = (self.wall_ns() - newest_unix_ns) / 1e9
        if ahead_s < -JUMP_S:
            self.trouble = f"the clock is {in_words(-ahead_s)} behind the newest publication"
        elif ahead_s > LONG_OFF_S:
            self.trouble = f"the newest publication is {in_words(ahead_s)} old by the clock, which may be wrong"
        return self.trouble

    @property
    def stood_s(self) -> float:
        """How long the clock has agreed with the monotonic clock, seconds: since its last jump or since the start."""
        return self.monotonic_s() - self._since_s

    def _offset(self) -> float:
        return self.wall_ns() / 1e9 - self.monotonic_s()


def in_words(seconds: float) -> str:
    """A duration for a person: ``90 s``, ``3.5 hours``, ``3650 days``."""
    if seconds < 7200:
        return f"{seconds:.0f} s"
    return f"{seconds / 3600:.1f} hours" if seconds < 2 * 86_400 else f"{seconds / 86_400:.0f} days"
