"""The frames inference holds: those that wait in the parent, where the overload policy can reach them, and those the child has.

Plain bookkeeping under its owner's lock.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from inspector.frames.meta import FrameMeta

STUCK = 4
"""A frame that is in flight this many times as long as the child may be silent is stuck, though others may pass it."""


class Held(NamedTuple):
    """A frame that inference holds, and the slot its pixels are in."""

    slot: int
    meta: FrameMeta


class InFlightQueue:
    """Which frames go to the child next, and which it has not answered yet."""

    def __init__(self) -> None:
        self.limit = 0
        """Most frames in flight."""
        self._waiting: deque[Held] = deque()
        self._in_flight: dict[int, tuple[Held, int]] = {}
        self._progress_ns = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._in_flight)

    def add(self, held: Held) -> None:
        """A frame waits."""
        self._waiting.append(held)

    def take_oldest_waiting(self) -> Held | None:
        """The frame that has waited longest and is not in the child yet; None where there is none."""
        return self._waiting.popleft() if self._waiting else None

    def next_for_child(self, now_ns: int) -> tuple[list[Held], list[Held]]:
        """Frames to send now, in flight from here on, and frames whose deadline passed while they waited."""
        due: list[Held] = []
        stale: list[Held] = []
        while self._waiting and len(self._in_flight) < self.limit:
            held = self._waiting.popleft()
            if held.meta.deadline_ns is not None and held.meta.deadline_ns <= now_ns:
                stale.append(held)
                continue
            if not self._in_flight:
                self._progress_ns = now_ns
            self._in_flight[held.slot] = (held, now_ns)
            due.append(held)
        return due, stale

    def take_back(self, unsent: list[Held]) -> None:
        """What ``next_for_child`` said to send could not be sent: it waits on, ahead of the others."""
        for held in reversed(unsent):
            del self._in_flight[held.slot]
            self._waiting.appendleft(held)

    def answered(self, slot: int, now_ns: int) -> FrameMeta:
        """The child answered the frame in ``slot``."""
        self._progress_ns = now_ns
        return self._in_flight.pop(slot)[0].meta

    def stalled(self, now_ns: int, timeout_s: float) -> str:
        """What to say when frames are in flight and none has moved for ``timeout_s``, or one is stuck; else empty."""
        if not self._in_flight:
            return ""
        quiet_s = (now_ns - self._progress_ns) / 1e9
        if quiet_s > timeout_s:
            return f"no answer for {quiet_s:.1f} s with {len(self._in_flight)} frames in flight (hung)"
        oldest_s = (now_ns - next(iter(self._in_flight.values()))[1]) / 1e9
        if oldest_s > STUCK * timeout_s:
            return f"a frame has been in flight for {oldest_s:.1f} s while others passed it (hung in part)"
        return ""

    def give_up_in_flight(self) -> list[Held]:
        """Forget the frames the child has, and return them."""
        held = [held for held, _ in self._in_flight.values()]
        self._in_flight.clear()
        return held

    def give_up_waiting(self) -> list[Held]:
        """Forget the frames that wait, and return them."""
        held = list(self._waiting)
        self._waiting.clear()
        return held
