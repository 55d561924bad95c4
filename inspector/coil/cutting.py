"""The cut list: where a coil would be cut so that each piece that is left has a grade.

Pieces are grown from the head, defect by defect. What a piece of the grade cannot have is cut out, and the next piece begins behind it. Each piece is then
graded by itself, by the same function as a coil, so that none is promised that does not have the grade. That as much as possible is kept
is not promised.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Sequence

import msgspec

from inspector.coil.grading import Material, concerns, counted
from inspector.coil.grading_config import DefectLimit, GradeConfig, GradingConfig, in_words
from inspector.coil.intervals import Stretch
from inspector.frames.coil import CoilDefect, RollMark, Unknown

_WINDOW_MM = 100_000.0
_MOST_REASONS = 4
"""Named for one stretch that is cut out."""


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of the coil that is kept."""

    from_mm: float
    to_mm: float


class CutOut(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch that is cut out."""

    from_mm: float
    to_mm: float
    why: str


class CutList(msgspec.Struct, frozen=True, kw_only=True):
    """The coil from its head to its tail, piece by piece."""

    grade: str
    """That each piece has."""
    pieces: tuple[Piece, ...]
    cut_outs: tuple[CutOut, ...]

    @property
    def kept_mm(self) -> float:
        """Length of all pieces."""
        return sum(piece.to_mm - piece.from_mm for piece in self.pieces)


def cut_list(
    config: GradingConfig,
    coil: Stretch,
    defects: Sequence[CoilDefect],
    unknowns: Sequence[Unknown],
    marks: Sequence[RollMark] = (),
) -> CutList | None:
    """Where a coil that lies from ``coil[0]`` to ``coil[1]``, mm, is cut; None where the configuration asks for no cut list."""
    cuts = config.cuts
    if cuts is None:
        return None
    wanted = next(one for one in config.grades if one.name == cuts.grade)
    first, last = counted(config, coil)
    ordered = sorted(defects, key=lambda one: one.area.from_mm)
    strip = _Coil(ordered, unknowns, marks, wanted, cuts.least_piece_m * 1000)
    pieces: list[Piece] = []
    outs = [CutOut(from_mm=coil[0], to_mm=first, why="head")] if first > coil[0] else []
    at, margin = first, cuts.margin_m * 1000
    for begin, end, why in strip.to_cut((first, last)):
        until, resumed = max(at, begin - margin), max(at, min(last, end + margin))
        piece, lost = strip.piece(at, until)
        pieces += piece
        outs += [*lost, CutOut(from_mm=until, to_mm=resumed, why=why)]
        at = resumed
    piece, lost = strip.piece(at, last)
    pieces += piece
    outs += lost
    if last < coil[1]:
        outs.append(CutOut(from_mm=last, to_mm=coil[1], why="tail"))
    return CutList(grade=wanted.name, pieces=tuple(pieces), cut_outs=tuple(_merged(outs)))


class _Coil:
    def __init__(
        self,
        ordered: Sequence[CoilDefect],
        unknowns: Sequence[Unknown],
        marks: Sequence[RollMark],
        wanted: GradeConfig,
        least_mm: float,
    ) -> None:
        self._ordered, self._unknowns, self._marks = ordered, unknowns, marks
        self._wanted, self._least_mm = wanted, least_mm
        self._next = 0
        self._carried: list[CoilDefect] = []
        """Those that begin before the end of the last piece that was looked at, and may reach into the next one."""

    def to_cut(self, bounds: Stretch) -> Iterator[tuple[float, float, str]]:
        """What no piece of the grade can have, in order: where it begins and ends, and why."""
        whole: list[tuple[float, float, str | CoilDefect]] = [
            (one.area.from_mm, one.area.to_mm, "not inspected") for one in self._unknowns
        ]
        wanted = self._wanted
        if wanted.most_roll_marks is not None and len(self._marks) > wanted.most_roll_marks:
            whole += [(one.area.from_mm, one.area.to_mm, f"roll mark, {one.class_name}") for one in self._marks]
        whole += [(one.area.from_mm, one.area.to_mm, one) for one in self._ordered]
        limits = [_Growing(limit) for limit in wanted.limits]
        began = bounds[0]
        for begin, end, what in sorted(whole, key=lambda one: (one[0], one[1])):
            if end < bounds[0] or begin > bounds[1]:
                continue
            if isinstance(what, str):
                why = what
            else:
                why = next((text for text in [limit.with_one_more(what, began) for limit in limits] if text), "")
            if why:
                began = max(began, end)
                for limit in limits:
                    limit.restart()
                yield begin, end, why

    def piece(self, first_mm: float, last_mm: float) -> tuple[list[Piece], list[CutOut]]:
        """The stretch as a piece, or as what is cut out because it is too short or has not the grade; the stretches come in order."""
        behind = bisect_left(self._ordered, last_mm, self._next, key=lambda one: one.area.from_mm)
        inside = [one for one in self._carried if one.area.to_mm >= first_mm] + list(self._ordered[self._next : behind])
        self._carried, self._next = inside, behind
        if last_mm <= first_mm:
            return [], []
        lost = CutOut(from_mm=first_mm, to_mm=last_mm, why=f"only {(last_mm - first_mm) / 1000:.4g} m long")
        if last_mm - first_mm < self._least_mm:
            return [], [lost]
        unknowns = [one for one in self._unknowns if one.area.to_mm > first_mm and one.area.from_mm < last_mm]
        broken = Material(inside, unknowns, self._marks, first_mm, last_mm).broken(self._wanted, as_piece=True)
        if broken:
            return [], [msgspec.structs.replace(lost, why="; ".join(broken))]
        return [Piece(from_mm=first_mm, to_mm=last_mm)], []


class _Growing:
    """A limit, while a piece grows defect by defect."""

    def __init__(self, limit: DefectLimit) -> None:
        self._limit = limit
        self._kind = in_words(limit)
        self.restart()

    def restart(self) -> None:
        """A new piece begins."""
        self._count, self._covered, self._reached = 0, 0.0, -math.inf
        self._lately: deque[float] = deque()

    def with_one_more(self, defect: CoilDefect, began_mm: float) -> str:
        """Why the piece that began there cannot have this defect too, one line; empty where it can, and then it has it."""
        limit = self._limit
        if not concerns(limit, defect):
            return ""
        first, last = max(defect.area.from_mm, self._reached, began_mm), defect.area.to_mm
        covered = self._covered + max(0.0, last - first)
        while self._lately and self._lately[0] < defect.along_mm - _WINDOW_MM:
            self._lately.popleft()
        lately = len(self._lately) + 1
        share = 100 * covered / max(_WINDOW_MM, last - began_mm)
        broken = (
            (limit.most is not None and self._count + 1 > limit.most)
            or (limit.most_in_100m is not None and lately > limit.most_in_100m)
            or (limit.most_per_100m is not None and lately > limit.most_per_100m)
            or (limit.most_length_m is not None and covered > limit.most_length_m * 1000)
            or (limit.most_length_percent is not None and share > limit.most_length_percent)
        )
        if broken:
            return self._kind
        self._count, self._covered, self._reached = self._count + 1, covered, max(self._reached, last)
        self._lately.append(defect.along_mm)
        return ""


def _merged(outs: Sequence[CutOut]) -> Iterator[CutOut]:
    """Those that adjoin, as one."""
    joined: list[CutOut] = []
    for out in outs:
        if joined and out.from_mm <= joined[-1].to_mm:
            before = joined[-1]
            reasons = dict.fromkeys([*before.why.split("; "), *out.why.split("; ")])
            reasons.pop("", None)
            told = list(reasons)
            why = "; ".join(told[:_MOST_REASONS]) + ("; ..." if len(told) > _MOST_REASONS else "")
            joined[-1] = CutOut(from_mm=before.from_mm, to_mm=max(before.to_mm, out.to_mm), why=why)
        elif out.to_mm > out.from_mm or out.why:
            joined.append(out)
    return iter(joined)
