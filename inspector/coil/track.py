"""What one camera has seen of the coil: the stretches that it has not, and what touches their ends."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from inspector.coil.seam import Seam
from inspector.frames.outcome import Reason


@dataclass(slots=True)
class Hole:
    """A stretch along the coil that was not seen, so far. The first one of a camera begins at minus infinity, the last one ends at infinity."""

    from_mm: float
    to_mm: float
    before: Seam = field(default_factory=list)
    """Regions that touch it at its beginning."""
    after: Seam = field(default_factory=list)
    """Those that touch it at its end."""
    lost: Counter[Reason | None] = field(default_factory=Counter)
    """Frames that were lost in it, by reason."""
    lost_from_mm: float = math.inf
    lost_to_mm: float = -math.inf
    """Where those of them lie of which that is known."""

    @property
    def reason(self) -> Reason | None:
        """Of most of its frames; None where there were none."""
        return self.lost.most_common(1)[0][0] if self.lost else None

    @property
    def frames(self) -> int:
        """Frames that were lost in it."""
        return sum(self.lost.values())

    def note(self, count: int, reason: Reason | None, from_mm: float | None, to_mm: float | None) -> None:
        """Frames were lost in it."""
        self.lost[reason] += count
        if from_mm is not None and to_mm is not None:
            self.lost_from_mm, self.lost_to_mm = min(self.lost_from_mm, from_mm), max(self.lost_to_mm, to_mm)


@dataclass(slots=True)
class Fresh:
    """A stretch of a frame that fills a hole, or a part of one."""

    hole: Hole
    from_mm: float
    to_mm: float
    left: Hole | None
    """What stays of the hole before the stretch; None: the stretch joins what was seen there."""
    right: Hole | None
    """What stays of it behind the stretch."""


class Track:
    """The holes of one camera, in order along the coil."""

    def __init__(self) -> None:
        self.holes = [Hole(-math.inf, math.inf)]
        self.seen_mm = 0.0
        """Length of what was seen, each place once."""
        self.span: tuple[float, float] | None = None
        """From where to where its frames lie, those that were lost too as far as that is known; None: no place is known."""

    @property
    def reached_mm(self) -> float:
        """How far the camera has seen; minus infinity: nothing yet."""
        return self.holes[-1].from_mm

    def lose(self, count: int, reason: Reason | None, from_mm: float | None, to_mm: float | None) -> None:
        """Frames were not inspected. Where they lie is noted in the hole that they fall into; nothing where all of it was seen."""
        hole = self.holes[-1]
        if from_mm is not None and to_mm is not None:
            self._reach(from_mm, to_mm)
            within = [one for one in self.holes if one.from_mm < to_mm and one.to_mm > from_mm]
            if not within:
                return
            hole = within[-1]
            from_mm = max(from_mm, hole.from_mm)
            to_mm = min(to_mm, hole.to_mm)
        hole.note(count, reason, from_mm, to_mm)

    def see(self, from_mm: float, to_mm: float, nearby_mm: float, least_mm: float) -> list[Fresh]:
        """A frame shows this stretch. Returns what of it is seen for the first time, from the head on, with the holes already changed.
        What stays of a hole is none where it is at most ``nearby_mm`` long; stretches shorter than ``least_mm`` are left out."""
        found: list[Fresh] = []
        self._reach(from_mm, to_mm)
        for at in range(len(self.holes) - 1, -1, -1):
            hole = self.holes[at]
            if hole.to_mm <= from_mm:
                break
            begin, end = max(hole.from_mm, from_mm), min(hole.to_mm, to_mm)
            if end - begin < least_mm:
                continue
            fresh = _fill(hole, begin, end, nearby_mm)
            self.holes[at : at + 1] = [one for one in (fresh.left, fresh.right) if one is not None]
            self.seen_mm += end - begin
            found.append(fresh)
        return found[::-1]

    def is_open(self, from_mm: float, to_mm: float) -> bool:
        """Whether any of this stretch may still be seen for the first time."""
        return any(hole.from_mm < to_mm and hole.to_mm > from_mm for hole in reversed(self.holes))

    def passed(self, behind_mm: float) -> list[Hole]:
        """Take out the holes that end before this place: they are not filled any more."""
        count = 0
        while count < len(self.holes) - 1 and self.holes[count].to_mm < behind_mm:
            count += 1
        passed, self.holes = self.holes[:count], self.holes[count:]
        return passed

    def _reach(self, from_mm: float, to_mm: float) -> None:
        span = self.span or (from_mm, to_mm)
        self.span = min(span[0], from_mm), max(span[1], to_mm)


def _fill(hole: Hole, begin: float, end: float, nearby_mm: float) -> Fresh:
    left = right = None
    if begin - hole.from_mm > nearby_mm:
        left = Hole(hole.from_mm, begin, before=hole.before)
    if hole.to_mm - end > nearby_mm:
        right = Hole(end, hole.to_mm, after=hole.after)
    # Frames are told in order: those that were lost came before the one that fills the hole now.
    heir = left or right
    if heir is not None and hole.lost and (left is not None or hole.lost_to_mm > end):
        heir.lost = hole.lost
        heir.lost_from_mm, heir.lost_to_mm = max(hole.lost_from_mm, heir.from_mm), min(hole.lost_to_mm, heir.to_mm)
    return Fresh(hole, begin, end, left, right)
