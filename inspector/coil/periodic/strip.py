"""The events of one class on one face, and the rows that were found among them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from inspector.coil.config import RollMarksConfig
from inspector.coil.periodic.events import Events, Floats, Ints
from inspector.coil.periodic.fundamental import needs_another_look, row_of
from inspector.coil.periodic.inspected import Inspected
from inspector.coil.periodic.row import Mark, Row, Seen, with_marks_before
from inspector.frames.coil import Face

NEAR_SLOT = 8.0
"""Events within so many `position_mm` of where a row has a mark, or should have one, are of the row: a mark that lies far off, or a second piece of one."""
NEARLY_WHOLE = 0.003
MOST_OF = 0.85
"""Two rows are one if it has so many of their marks."""


class Found:
    """A row that was told, with where it lies across and what it proves."""

    def __init__(self, row: Row, x_mm: float, log_share: float, log_proof: float) -> None:
        self.row, self.x_mm = row, x_mm
        self._share, self._proof = log_share, log_proof
        self.looked_at_marks = len(row.marks)
        self.claimed_to_turn = -1

    @property
    def p_value(self) -> float:
        """How often chance would have it anywhere on a coil, at most."""
        return min(1.0, math.exp(-max(self._proof, self.row.best + self._share)))


class Strip:
    """One class on one face. Events have the numbers in which they were added."""

    def __init__(self, class_name: str, face: Face, inspected: Inspected, config: RollMarksConfig) -> None:
        self.class_name, self.face = class_name, face
        self._inspected, self._config = inspected, config
        self.along: Floats = np.zeros(0)
        self.x: Floats = np.zeros(0)
        self.claimed = np.zeros(0, bool)
        self.found: list[Found] = []

    def add(self, events: Events) -> Ints:
        """Adds the events of the next block; gives their numbers."""
        begin = len(self.along)
        self.along = np.concatenate([self.along, events.along])
        self.x = np.concatenate([self.x, events.x])
        self.claimed = np.concatenate([self.claimed, np.zeros(len(events.along), bool)])
        return np.arange(begin, len(self.along), dtype=np.int64)

    def follow(self, settled_mm: float) -> list[Found]:
        """Has the rows go on to the end of what is known. Gives those that ended."""
        ended: list[Found] = []
        for found in self.found:
            if not found.row.ended:
                self._go_on(found, settled_mm)
                if found.row.ended:
                    ended.append(found)
        return ended

    def _go_on(self, found: Found, settled_mm: float) -> None:
        row = found.row
        since = row.edge - row.belief.period
        row.follow(*self._band(found.x_mm, (), since), settled_mm, self._seen(found.x_mm))
        if needs_another_look(found.looked_at_marks, len(row.marks)):
            found.looked_at_marks = len(row.marks)
            own = [mark.event for mark in row.marks]
            found.x_mm = float(np.median(self.x[own]))
            again = self._row(row.marks[0], row.marks[1], found.x_mm, own, settled_mm)
            if again.best > row.best:
                found.row, found.claimed_to_turn = again, -1
        self._claim(found)

    def establish(
        self, first: int, second: int, turns: int, across: Ints, settled_mm: float, log_share: float, log_proof: float
    ) -> Found | None:
        """Makes a row of a chain that proved one: through these events, `turns` apart, at the mean place of `across`; takes its events out of the search.

        None where too few of them are left, because they are of a row that was found just before.
        """
        x_mm = float(self.x[across].mean())
        begin = Mark(0, float(self.along[first]), first)
        row = self._row(begin, Mark(turns, float(self.along[second]), second), x_mm, (), settled_mm)
        limit = -math.log(self._config.false_alarms_per_coil)
        if len(row.marks) < self._config.least_marks or row.best + log_share < limit:
            return None
        found = Found(row, x_mm, log_share, log_proof)
        if any(self._is_of(other, found, settled_mm) for other in self.found):
            return None
        self._claim(found)
        self.found.append(found)
        return found

    def _is_of(self, known: Found, found: Found, settled_mm: float) -> bool:
        """Whether two rows are one with a part of their period, as its marks with even and odd numbers are. The known one becomes it then."""
        a, b = known.row, found.row
        ratio = max(a.belief.period, b.belief.period) / min(a.belief.period, b.belief.period)
        apart = max(a.marks[0].along_mm, b.marks[0].along_mm) > min(a.marks[-1].along_mm, b.marks[-1].along_mm)
        beside = abs(known.x_mm - found.x_mm) > self._config.band_mm / 2
        if apart or beside or abs(ratio - round(ratio)) > NEARLY_WHOLE * round(ratio):
            return False
        own = [mark.event for row in (a, b) for mark in row.marks]
        one = self._row(a.marks[0], a.marks[1], known.x_mm, own, settled_mm)
        if one.belief.period > 0.8 * max(a.belief.period, b.belief.period) or len(one.marks) < MOST_OF * len(own):
            return False
        known.row, known.claimed_to_turn, known.looked_at_marks = one, -1, len(one.marks)
        self._claim(known)
        return True

    def _row(self, first: Mark, second: Mark, x_mm: float, own: Sequence[int], settled_mm: float) -> Row:
        along, events = self._band(x_mm, own)
        seen = self._seen(x_mm)
        row = row_of(first, second, self._config, along, events, settled_mm, seen)
        with_marks_before(row, self._config, along, events, seen)
        return row

    def _band(self, x_mm: float, own: Sequence[int], since_mm: float = -math.inf) -> tuple[list[float], list[int]]:
        """Places and numbers of the events of a band that are free, or the row's own."""
        begin = int(np.searchsorted(self.along, since_mm))
        free = ~self.claimed[begin:] & (np.abs(self.x[begin:] - x_mm) <= self._config.band_mm / 2)
        if len(own):
            mine = np.asarray(own, np.int64)
            free[mine[mine >= begin] - begin] = True
        numbers = np.flatnonzero(free) + begin
        return self.along[numbers].tolist(), numbers.tolist()

    def _seen(self, x_mm: float) -> Seen:
        return self._inspected.between(self.face, x_mm)

    def _claim(self, found: Found) -> None:
        """Takes the events of the row out of the search."""
        marks = found.row.marks
        new = [mark for mark in marks if mark.turn >= found.claimed_to_turn]
        if len(new) == 1 and found.claimed_to_turn >= 0:
            return
        found.claimed_to_turn = marks[-1].turn
        turn = np.array([mark.turn for mark in new], np.float64)
        slots = np.interp(np.arange(turn[0], turn[-1] + 1), turn, [mark.along_mm for mark in new])
        near = min(NEAR_SLOT * self._config.position_mm, found.row.belief.period / 4)
        begin, end = np.searchsorted(self.along, [slots[0] - near, slots[-1] + near])
        along = self.along[begin:end]
        after = np.minimum(np.searchsorted(slots, along), len(slots) - 1)
        off = np.minimum(np.abs(slots[after] - along), np.abs(slots[np.maximum(after - 1, 0)] - along))
        of_row = (off <= near) & (np.abs(self.x[begin:end] - found.x_mm) <= self._config.band_mm)
        self.claimed[begin:end] |= of_row
        self.claimed[[mark.event for mark in new]] = True
