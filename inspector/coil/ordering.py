"""Puts what a stream says of its frames in the order of the frames: verdicts come in the order in which they are reached."""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

T = TypeVar("T")

MOST_WAITING = 10_000
"""Frames that wait for an earlier one. A line holds far fewer; only a stream that contradicts itself gets there."""


class InOrder(Generic[T]):
    """The frames of one run on one camera in one epoch."""

    def __init__(self) -> None:
        self._through = -1
        self._next: int | None = None
        """Number of the frame behind the last one that was given; None before the first."""
        self._waiting: list[tuple[int, int, int, T]] = []
        """Heap of first frame, number in the order of arrival, frame behind the last one, and what is said of them."""
        self._arrived = 0

    def take(self, first: int, count: int, item: T) -> None:
        """Something is said of frames ``first`` to ``first + count - 1``. What is said again is left out."""
        if self._next is None or first >= self._next:
            self._arrived += 1
            heapq.heappush(self._waiting, (first, self._arrived, first + count, item))

    def resolved(self, through: int) -> None:
        """Every frame up to ``through`` has its verdict, so that no earlier one comes any more."""
        self._through = max(self._through, through)

    def ready(self, *, everything: bool = False) -> list[tuple[int, T]]:
        """What is next, in order, each with how many frames before it nothing was said of. ``everything``: nothing more comes."""
        found: list[tuple[int, T]] = []
        waiting = self._waiting
        while waiting and (everything or self._is_next(waiting[0][0]) or len(waiting) > MOST_WAITING):
            first, _, behind, item = heapq.heappop(waiting)
            if self._next is not None and first < self._next:
                continue
            found.append((0 if self._next is None else first - self._next, item))
            self._next = behind
        return found

    def _is_next(self, first: int) -> bool:
        return first <= self._through or first == self._next
