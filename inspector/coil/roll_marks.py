"""Defects that repeat along the strip: marks of a roll. ``docs/coil-roll-marks.md`` describes the search and what it promises.

`find` looks at a coil, `Watch` at one that is still running. Both give the same: a watch is paid by the same allowance of false alarms, however often it is
asked (`periodic/evidence.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import msgspec

from inspector.coil.config import RollConfig, RollMarksConfig
from inspector.coil.periodic.events import Point
from inspector.coil.periodic.marks import mark_of, merged
from inspector.coil.periodic.search import Search
from inspector.coil.periodic.strip import Found, Strip
from inspector.frames.coil import Area, RollMark

__all__ = ["Point", "Told", "Watch", "find"]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """News of a coil that is running."""

    number: int
    """Of the mark on this coil, from 1."""
    mark: RollMark
    """As it is known now."""
    ended: bool
    """False: it was found, or goes on. True: it has not come again for so long that it is over."""


class Watch:
    """Follows a coil while it is made."""

    def __init__(self, config: RollMarksConfig, rolls: Sequence[RollConfig] = ()) -> None:
        self._config, self._rolls = config, tuple(rolls)
        self._search = Search(config, rolls)
        self._told: list[tuple[Found, Strip]] = []
        self._counts: list[int] = []
        """Of marks, when each was told last."""

    def feed(self, points: Iterable[Point], inspected: Iterable[Area], settled_mm: float) -> list[Told]:
        """Takes the next part of the coil.

        Args:
            points: Defects, in any order, that were not given before.
            inspected: Stretches that were inspected, in the order of the strip for each camera. Where nothing was inspected, no marks are missed.
            settled_mm: Up to this place along the coil everything has been given. A defect that is given for a place before it later is not looked at.

        Returns:
            Marks that were found or are over, each of the two told once; ``grown`` tells how they go on. Looked at is each 50 m of strip when it is
            complete.
        """
        news = []
        for change in self._search.feed(points, inspected, settled_mm):
            if not change.ended:
                self._told.append((change.found, change.strip))
                self._counts.append(0)
            number = next(number for number, (found, _) in enumerate(self._told, 1) if found is change.found)
            news.append(self._tell(number, change.ended))
        return news

    def grown(self) -> list[Told]:
        """Marks that go on and are of another number than when they were told last, in the order of their numbers."""
        return [
            self._tell(number, False)
            for number, (found, _) in enumerate(self._told, 1)
            if not found.row.ended and len(found.row.marks) != self._counts[number - 1]
        ]

    def end(self) -> list[Told]:
        """The coil is over: looks at what is left of it."""
        return self.feed((), (), math.inf)

    def _tell(self, number: int, ended: bool) -> Told:
        mark = mark_of(*self._told[number - 1], self._config, self._rolls)
        self._counts[number - 1] = mark.count
        return Told(number=number, mark=mark, ended=ended)

    @property
    def p_value(self) -> float:
        """How often chance alone would show so regular a row as the surest of this coil, at most; also where it was not enough for a mark."""
        return min(1.0, math.exp(-self._search.surest))

    def marks(self) -> list[RollMark]:
        """All marks so far, the surest first. What was told twice, because it stopped for a while or is wider than a band, is one of them."""
        marks = [
            mark_of(found, strip, self._config, self._rolls) for strip in self._search.strips for found in strip.found
        ]
        return merged(marks, self._config, self._rolls)


def find(
    points: Sequence[Point], inspected: Sequence[Area], config: RollMarksConfig, rolls: Sequence[RollConfig] = ()
) -> list[RollMark]:
    """The roll marks of a coil, the surest first.

    Args:
        points: Its defects, in any order.
        inspected: The stretches that were inspected. Those without marks count as turns without one, all else is unknown.
        config: What is searched, and how many false alarms are allowed.
        rolls: Rolls that may have made the marks. Periods that fit them get half of the allowance.
    """
    watch = Watch(config, rolls)
    watch.feed(points, sorted(inspected, key=lambda area: area.from_mm), 0.0)
    watch.end()
    return watch.marks()
