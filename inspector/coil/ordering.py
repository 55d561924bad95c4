"""Puts what a stream says of its frames in the order of the frames: verdicts come in the order in which they are reached."""

from __future__ import annotations

import heapq
from itertools import count
from typing import Generic, TypeVar

T = TypeVar("T")

MOST_WAITING = 2000
"""Frames that wait for an earlier one. A line holds far fewer; only a stream that contradicts itself gets there."""


class InOrder(Generic[T]):
    """The frames of one run on one camera in one epoch."""

    def __init__(self) -> None:
        self._through = -1
        self._next: int | None = None
        """Number of the frame behind the last one that was given; None before the first."""
        self._waiting: list[tuple[int, int, int, T]] = []
        """Heap of first frame, frame behind the last one, a number of its own, and what is said of them."""
        self._taken = count()

    def take(self, first: int, frames: int, item: T) -> None:
        """Something is said of frames ``first`` to ``first + frames - 1``. What is said again is left out."""
        if self._next is None or first >= self._next:
            heapq.heappush(self._waiting, (first, first + frames, next(self._taken), item))

    def resolved(self, through: int) -> None:
        """Every frame up to ``through`` has its verdict, so that no earlier one comes any more."""
        self._through = max(self._through, through)

    def ready(self, *, everything: bool = False) -> list[tuple[int, T]]:
        """What is next, in order, each with how many frames before it nothing was said of. ``everything``: nothing more comes."""
        found: list[tuple[int, T]] = []
        waiting = self._waiting
        while waiting and (everything or self._is_next(waiting[0][0]) or len(waiting) > MOST_WAITING):
            first, behind, _, item = heapq.heappop(waiting)
            if self._next is not None and first < self._next:
                continue
            found.append((0 if self._next is None else first - self._next, item))
            self._next = behind
        return found

    def _is_next(self, first: int) -> bool:
        return first <= self._through or first == self._next
