"""Counts the bad frames of a camera among its last ones: a single one is no trouble, many are."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

Told = Callable[[bool, str], None]
"""Whether the camera's frames are well, and a line for a person."""


class BadFrames:
    """The bad frames of one camera; called from its thread only."""

    def __init__(self, limit: int, window: int, told: Told) -> None:
        """``told`` is called when ``limit`` of the last ``window`` frames are bad, and again when less than half as many are."""
        self._limit = limit
        self._window = window
        self._told = told
        self._numbers: deque[int] = deque()
        self._trouble = False

    def bad(self, number: int, why: str) -> None:
        """Frame ``number`` is bad."""
        self._forget_before(number)
        self._numbers.append(number)
        if not self._trouble and len(self._numbers) >= self._limit:
            self._trouble = True
            self._told(
                False, f"{len(self._numbers)} of the last {self._window} frames cannot be used; frame {number}: {why}"
            )

    def good(self, number: int) -> None:
        """Frame ``number`` can be used, or shows that no sheet is there."""
        if self._numbers:
            self._forget_before(number)
        if self._trouble and 2 * len(self._numbers) < self._limit:
            self._trouble = False
            self._told(True, f"the frames can be used again, from frame {number} on")

    def _forget_before(self, number: int) -> None:
        while self._numbers and self._numbers[0] <= number - self._window:
            self._numbers.popleft()
