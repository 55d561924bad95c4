"""A set of numbers from 0 on, which fills up from its beginning."""

from __future__ import annotations

from bisect import bisect_right


class Numbers:
    """Takes as much memory as there are ranges behind its first hole."""

    def __init__(self) -> None:
        self.through = -1
        """Every number up to this one is in it."""
        self._beyond: list[tuple[int, int]] = []
        """First and last of each range behind the first hole, in order, none touching another."""

    def __contains__(self, number: int) -> bool:
        return not self.missing(number, number)

    def add(self, first: int, last: int) -> None:
        """Add a range, both ends included."""
        kept = []
        for one in self._beyond:
            if one[1] < first - 1 or one[0] > last + 1:
                kept.append(one)
            else:
                first, last = min(first, one[0]), max(last, one[1])
        kept.insert(bisect_right(kept, (first, last)), (first, last))
        while kept and kept[0][0] <= self.through + 1:
            self.through = max(self.through, kept.pop(0)[1])
        self._beyond = kept

    def missing(self, first: int, last: int) -> list[tuple[int, int]]:
        """The parts of a range that are not in it."""
        found = []
        at = max(first, self.through + 1)
        for begin, end in self._beyond:
            if begin > last or at > last:
                break
            if at < begin:
                found.append((at, begin - 1))
            at = max(at, end + 1)
        if at <= last:
            found.append((at, last))
        return found
