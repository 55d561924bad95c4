"""Checks that every frame has exactly one verdict, from the published verdicts only."""

from __future__ import annotations

from bisect import bisect_right


class Coverage:
    """The frame numbers of one camera that have a verdict, as intervals: in any order; memory grows with the number of gaps only."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self.repeated = 0
        """Verdicts for a frame that had one already."""

    def add(self, first: int, count: int = 1) -> None:
        """Frames ``first .. first + count - 1`` got their verdict."""
        end = first + count
        at = bisect_right(self._starts, first)
        low = at - 1 if at and self._ends[at - 1] >= first else at
        high = low
        start, stop = first, end
        while high < len(self._starts) and self._starts[high] <= end:
            self.repeated += max(0, min(end, self._ends[high]) - max(first, self._starts[high]))
            start, stop = min(start, self._starts[high]), max(stop, self._ends[high])
            high += 1
        self._starts[low:high] = [start]
        self._ends[low:high] = [stop]

    @property
    def frames(self) -> int:
        """Different frames with a verdict."""
        return sum(self._ends) - sum(self._starts)

    def missing(self, expected: int | None = None) -> int:
        """Frames without a verdict among ``0 .. expected - 1``; without ``expected``, up to the highest number seen."""
        end = (self._ends[-1] if self._ends else 0) if expected is None else expected
        seen = sum(max(0, min(stop, end) - start) for start, stop in zip(self._starts, self._ends, strict=True))
        return end - seen
