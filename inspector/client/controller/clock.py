"""How the times in messages are read on this machine's monotonic clock: within bounds, or not at all.

The *offset* is the line's wall clock minus this machine's monotonic clock. Its bounds come from exchanges over the control socket (the line's
clock was read between the moments of sending and receiving), or else from the messages alone: a message arrives after it was published, so
the offset is at least the largest of published - received, and the fastest message is taken to have needed ``least_delay`` at most.
A step of the line's wall clock makes the bounds void until they are found anew. The wall clock of this machine is never read.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

MILLISECOND_NS = 1_000_000
SECOND_NS = 1_000_000_000
DRIFT = 200e-6
"""Two monotonic clocks run apart by this share of the time at most."""
TOO_OLD_NS = 10 * SECOND_NS
"""An exchange says nothing any more."""
_STEP_NS = 50 * MILLISECOND_NS
"""Without exchanges a message that is faster than all before by less than this is no step: the first ones were slow."""
_BEHIND_NS = SECOND_NS
_BEHIND_MESSAGES = 20


class Bounds(NamedTuple):
    """The offset is between these two, ns."""

    least: int
    most: int


class LineClock:
    """The bounds, from what is heard. Times are ns; ``now`` is monotonic."""

    def __init__(self, exchanged: bool, least_delay_ns: int, settle_ns: int) -> None:
        """``exchanged``: exchanges over the control socket give the bounds, and nothing else does."""
        self._exchanged = exchanged
        self._least_delay_ns = least_delay_ns
        self._settle_ns = settle_ns
        self.forget()

    def forget(self) -> None:
        """Nothing is known any more: another daemon speaks, or a person says that it is to be measured anew."""
        self._best: tuple[Bounds, int] | None = None
        """Bounds and when they were measured."""
        self._settled_at: int | None = None
        self._void_since: int | None = None
        """An exchange that began before this moment may be of before a step."""
        self._stepped = False
        self._behind: deque[int] = deque(maxlen=_BEHIND_MESSAGES)

    def heard(self, published_unix_ns: int, now: int) -> None:
        """A message arrived. By exchanges it only shows whether the line's clock was set forward; otherwise it bounds the offset."""
        least = published_unix_ns - now
        if self._exchanged:
            bounds = self.bounds(now)
            if (
                bounds is not None and least > bounds.most
            ):  # received before it was published: the clock was set forward
                self._best, self._void_since, self._stepped = None, now, True
            return
        if self._best is None:
            self._best, self._settled_at = (Bounds(least, least), now), now + self._settle_ns
            return
        known = self._best[0].least - self._drift(now)
        self._behind.append(known - least)
        if least > known:
            if least - known > max(self._least_delay_ns, MILLISECOND_NS):  # a step, or the first messages were slow
                self._stepped |= least - known > _STEP_NS and self.bounds(now) is not None
                self._settled_at = now + self._settle_ns
                self._behind.clear()
            self._best = Bounds(least, least), now

    def exchange(self, sent: int, received: int, told_unix_ns: int) -> None:
        """The line told its wall clock between ``sent`` and ``received``."""
        if self._void_since is not None and sent < self._void_since:
            return
        found = Bounds(told_unix_ns - received, told_unix_ns - sent)
        known = self.bounds(received)
        if known is not None and (found.least > known.most or known.least > found.most):
            self._best, self._stepped = (found, received), True
        elif known is None or self._aged(received) or found.most - found.least <= known.most - known.least:
            self._best = found, received

    def stepped(self) -> bool:
        """Whether the line's clock was found to be set since the last call."""
        stepped, self._stepped = self._stepped, False
        return stepped

    def bounds(self, now: int) -> Bounds | None:
        """The bounds, None where they are not known."""
        if self._best is None:
            return None
        bounds, measured = self._best
        drift = self._drift(now)
        if self._exchanged:
            return None if now - measured > TOO_OLD_NS else Bounds(bounds.least - drift, bounds.most + drift)
        if self._settled_at is None or now < self._settled_at:
            return None
        least = bounds.least - drift
        return Bounds(least, bounds.most + self._least_delay_ns + drift)

    @property
    def behind(self) -> bool:
        """Whether all of the last messages came more than a second later than the fastest one did: the line's clock was set back, or the
        network has fallen behind for good. Which of the two it is cannot be told from messages alone."""
        return len(self._behind) == _BEHIND_MESSAGES and min(self._behind) > _BEHIND_NS

    def _drift(self, now: int) -> int:
        assert self._best is not None
        return int(DRIFT * (now - self._best[1]))

    def _aged(self, now: int) -> bool:
        assert self._best is not None
        return now - self._best[1] > TOO_OLD_NS // 2
