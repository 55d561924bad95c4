"""A row where a chain found one: with the true period instead of a multiple or a part of it, and with its marks before."""

from __future__ import annotations

import math
from collections.abc import Sequence

from inspector.coil.config import RollMarksConfig
from inspector.coil.periodic.row import Mark, Row, Seen
from inspector.coil.periodic.tracking import Belief

PARTS = (2, 3)
"""Which parts and multiples of a period are compared with it."""


def row_of(
    first: Mark,
    second: Mark,
    config: RollMarksConfig,
    along_mm: Sequence[float],
    events: Sequence[int],
    settled_mm: float,
    seen: Seen,
) -> Row:
    """The row through two marks of it that has the highest stake at its end.

    A row with every second of its turns has twice the defects in a turn, and wins less at each mark; one with twice the turns has an even chance to be hit
    by the marks of the true one, and wins less too. So the stake tells which is the fundamental, also where marks were missed.
    """
    turns = second.turn - first.turn
    period = (second.along_mm - first.along_mm) / turns
    tried = [_followed(first, period, turns, config, along_mm, events, settled_mm, seen)]
    for part in PARTS:
        tried.append(_followed(first, period / part, turns * part, config, along_mm, events, settled_mm, seen))
        for start, ahead in ((first, turns / part), (second, -turns / part)):
            tried.append(_followed(start, period * part, ahead, config, along_mm, events, settled_mm, seen))
    inside = [row for row in tried if config.period_from_mm * 0.98 <= row.belief.period <= config.period_to_mm * 1.02]
    return max(inside or tried[:1], key=lambda row: row.best)


def _followed(
    start: Mark,
    period: float,
    turns: float,
    config: RollMarksConfig,
    along_mm: Sequence[float],
    events: Sequence[int],
    settled_mm: float,
    seen: Seen,
) -> Row:
    """From a mark on; what is known of the period is from another one, so many turns ahead of it."""
    measured = config.position_mm**2
    belief = Belief(start.along_mm, period, measured, -measured / turns, 2 * measured / turns**2)
    row = Row(Mark(0, start.along_mm, start.event), belief, config)
    row.follow(along_mm, events, settled_mm, seen)
    return row


def needs_another_look(marks_before: int, marks_now: int) -> bool:
    """Whether the row has twice the marks since its period was last compared with its multiples and parts, from 12 marks on."""
    if marks_now < 12:
        return False
    return math.floor(math.log2(marks_now / 6)) > math.floor(math.log2(max(marks_before, 6) / 6))
