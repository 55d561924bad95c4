"""One row of marks, followed along the strip one mark after the other."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import NamedTuple

from inspector.coil.config import RollMarksConfig
from inspector.coil.periodic.evidence import SEEN, log_mean, won_at_one
from inspector.coil.periodic.tracking import WIDEST, Belief, predicted, reach_of, updated

Seen = Callable[[float, float], float]
"""mm that were inspected between two places."""
LEAST_MISSED = 5
MARKS_THAT_TELL = 10
"""Of fewer it is not said how well they are seen."""
BY_CHANCE = 0.001
"""A row has ended when so many turns in a row without a mark were less likely than this."""


class Mark(NamedTuple):
    """A mark of a row."""

    turn: int
    """Of the row, its first mark is 0."""
    along_mm: float
    event: int


class Row:
    """A row and what is believed of it. It is fed the events of its lateral band that belong to no other row."""

    def __init__(self, mark: Mark, belief: Belief, config: RollMarksConfig) -> None:
        """Begins with one mark, and what is believed of the period."""
        self._config = config
        self.marks = [mark]
        self.belief = belief
        self._start(mark.turn)
        self.stakes = [0.0] * len(SEEN)
        self.best = 0.0
        """The most that the logarithm of its stake ever was."""
        self.possible = 1
        """Turns that were inspected from its first mark to its last one."""

    def _start(self, turn: int) -> None:
        self.turn, self.edge = turn, self.belief.place + self.belief.period / 2
        self.ended = False

    @property
    def missed_at_most(self) -> int:
        """So many turns in a row without a mark end it: fewer, the better its marks are seen."""
        if len(self.marks) < MARKS_THAT_TELL:
            return self._config.missed_in_row
        share = (len(self.marks) + 1) / (self.possible + 2)
        rare = math.ceil(math.log(BY_CHANCE) / math.log(max(1 - share, 1e-9)))
        return min(max(LEAST_MISSED, rare), self._config.missed_in_row)

    def follow(self, along_mm: Sequence[float], events: Sequence[int], settled_mm: float, seen: Seen) -> None:
        """Goes on through events in their order, up to the end of the strip that is known, or the row's."""
        while not self.ended:
            at = bisect_left(along_mm, self.edge)
            if at == len(along_mm):
                break
            place, period = self.belief.place, self.belief.period
            turns = max(1, math.floor((along_mm[at] - place) / period + 0.5))
            if place + (turns + 0.5) * period <= self.edge:
                turns += 1
            if place + (turns + 0.5) * period > settled_mm:
                break
            self._look(along_mm, events, turns, seen)
        self.ended = self.ended or (settled_mm < math.inf and self._missed(settled_mm, seen) > self.missed_at_most + 1)

    def _possible(self, place_mm: float, turns: int, seen: Seen) -> int:
        """Of the turns behind the last mark up to the one at ``place_mm``, those of which the place was inspected."""
        first, half = self.belief.place, self._config.position_mm
        between = (first + (place_mm - first) * turn / turns for turn in range(1, turns))
        return 1 + sum(seen(at - half, at + half) > half for at in between)

    def _missed(self, until_mm: float, seen: Seen) -> float:
        return float(seen(self.belief.place, until_mm) / self.belief.period)

    def _look(self, along_mm: Sequence[float], events: Sequence[int], turns: int, seen: Seen) -> None:
        """At the turn that is `turns` behind the last mark, and holds an event."""
        ahead = predicted(self.belief, float(turns), self._config)
        reach, period = reach_of(ahead, self._config), self.belief.period
        # As `follow` computes it, to the last digit: a turn that ends at the edge is behind it.
        low, high = ahead.place - period / 2, self.belief.place + (turns + 0.5) * period
        missed = self._missed(ahead.place, seen)
        if reach > WIDEST * period or missed > self.missed_at_most + 1:
            self.ended = True
            return
        there = bisect_left(along_mm, high) - bisect_left(along_mm, low)
        nearest = _nearest(along_mm, ahead.place)
        hit = abs(along_mm[nearest] - ahead.place) <= reach
        if there and seen(ahead.place - reach, ahead.place + reach) >= 1.99 * reach:
            chance = min(max(there * 2 * reach / max(seen(low, high), 1e-6), 1e-9), 1.0)
            self.stakes = won_at_one(self.stakes, hit, chance)
        if not hit:
            self.edge = max(high, math.nextafter(self.edge, math.inf))
            return
        self.possible += self._possible(along_mm[nearest], turns, seen)
        self.belief = updated(ahead, along_mm[nearest] - ahead.place, self._config)
        self.best = max(self.best, log_mean(self.stakes))
        self.marks.append(Mark(self.turn + turns, along_mm[nearest], events[nearest]))
        self._start(self.turn + turns)


def _nearest(along_mm: Sequence[float], place: float) -> int:
    after = bisect_left(along_mm, place)
    if after == len(along_mm):
        return after - 1
    return after - 1 if after and place - along_mm[after - 1] < along_mm[after] - place else after


def with_marks_before(
    row: Row, config: RollMarksConfig, along_mm: Sequence[float], events: Sequence[int], seen: Seen
) -> None:
    """Follows the row from its first mark towards the head of the strip, through the events before it, and takes the marks there into it."""
    first = row.marks[0]
    back = Row(Mark(0, -first.along_mm, first.event), row.belief._replace(place=-first.along_mm), config)
    back.follow(
        [-place for place in reversed(along_mm)], list(reversed(events)), math.inf, lambda low, high: seen(-high, -low)
    )
    turns = back.marks[-1].turn
    before = [Mark(turns - mark.turn, -mark.along_mm, mark.event) for mark in reversed(back.marks[1:])]
    row.marks = before + [mark._replace(turn=mark.turn - first.turn + turns) for mark in row.marks]
    row.turn += turns - first.turn
    row.possible += back.possible - 1
