"""The grade of a coil by the rules of the configuration, and why it has no better one.

More defects never give a better grade, nor does more that was not inspected: every condition is a bound on something that both can only raise,
or on the longest clean stretch, which both can only shorten.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import msgspec

from engines.files.text import counted as counted_words
from inspector.coil.grading_config import DefectLimit, GradeConfig, GradingConfig, in_words
from inspector.coil.intervals import Stretch, between, joined, length, within
from inspector.frames.coil import CoilDefect, RollMark, Unknown

_WINDOW_MM = 100_000.0


class BrokenRule(msgspec.Struct, frozen=True, kw_only=True):
    """One condition that a coil does not meet."""

    grade: str
    """The grade that it costs."""
    text: str
    """What was found and what is allowed, one line for a person."""


class Grade(msgspec.Struct, frozen=True, kw_only=True):
    """The grade of a coil."""

    name: str
    why: tuple[BrokenRule, ...]
    """Why it has no better one; empty for the best grade."""
    counted: tuple[float, float]
    """The stretch that counts, mm; head and tail are left out."""
    inspected_mm: float
    """How much of it was inspected."""
    longest_clean: tuple[float, float] | None
    """The longest stretch without a defect, all of it inspected, mm; None: there is none."""


class Material:
    """What of a coil, or of a piece of it, counts: what lies between ``first_mm`` and ``last_mm``."""

    def __init__(
        self,
        defects: Sequence[CoilDefect],
        unknowns: Sequence[Unknown],
        marks: Sequence[RollMark],
        first_mm: float,
        last_mm: float,
    ) -> None:
        self.bounds = bounds = first_mm, max(first_mm, last_mm)
        self.length_mm = bounds[1] - bounds[0]
        self.defects = [one for one in defects if _overlaps(one, bounds)]
        unseen = ((one.area.from_mm, one.area.to_mm) for one in unknowns)
        self.unseen = joined(within(unseen, bounds))
        self.inspected_mm = self.length_mm - length(self.unseen)
        self.marks = [one for one in marks if one.area.from_mm < bounds[1] and one.area.to_mm > bounds[0]]

    def longest_clean(self) -> Stretch | None:
        """The longest stretch without any defect that was inspected throughout; the first of equals."""
        dirty = [(one.area.from_mm, one.area.to_mm) for one in self.defects]
        free = between([*dirty, *self.unseen], self.bounds)
        return max(free, key=lambda one: one[1] - one[0], default=None)

    def broken(self, grade: GradeConfig, *, as_piece: bool = False) -> list[str]:
        """The conditions of ``grade`` that are not met, one line each. ``as_piece``: without the longest clean stretch, which a piece of a coil need not have."""
        found = [line for limit in grade.limits for line in self._over(limit)]
        if self.length_mm <= 0:
            return [*found, "nothing of it counts"]
        unseen = 100 * (1 - self.inspected_mm / self.length_mm)
        if unseen > grade.most_uninspected_percent:
            found.append(f"{unseen:.3g} % was not inspected, at most {grade.most_uninspected_percent:g} % may be")
        if grade.most_roll_marks is not None and len(self.marks) > grade.most_roll_marks:
            found.append(f"{counted_words(len(self.marks), 'roll mark')}, at most {grade.most_roll_marks}")
        clean = self.longest_clean()
        clean_m = 0.0 if clean is None else (clean[1] - clean[0]) / 1000
        if not as_piece and clean_m < grade.longest_clean_m:
            found.append(
                f"the longest clean stretch is {clean_m:.4g} m, at least {grade.longest_clean_m:g} m are needed"
            )
        return found

    def _over(self, limit: DefectLimit) -> list[str]:
        chosen = [one for one in self.defects if concerns(limit, one)]
        kind, count, found = in_words(limit), len(chosen), []
        if limit.most is not None and count > limit.most:
            found.append(f"{kind}: {count}, at most {limit.most}")
        if limit.most_per_100m is not None and count:
            mean = count * _WINDOW_MM / self.inspected_mm if self.inspected_mm > 0 else float("inf")
            if mean > limit.most_per_100m:
                found.append(f"{kind}: {mean:.3g} per 100 m, at most {limit.most_per_100m:g}")
        if limit.most_in_100m is not None:
            most, at_mm = most_in_window([one.along_mm for one in chosen])
            if most > limit.most_in_100m:
                found.append(f"{kind}: {most} in the 100 m from {at_mm / 1000:.1f} m on, at most {limit.most_in_100m}")
        if limit.most_length_m is not None or limit.most_length_percent is not None:
            found += self._too_long(limit, kind, chosen)
        return found

    def _too_long(self, limit: DefectLimit, kind: str, chosen: Sequence[CoilDefect]) -> list[str]:
        covered = length(within(((one.area.from_mm, one.area.to_mm) for one in chosen), self.bounds))
        found = []
        if limit.most_length_m is not None and covered > limit.most_length_m * 1000:
            found.append(f"{kind}: on {covered / 1000:.4g} m of its length, at most {limit.most_length_m:g} m")
        if limit.most_length_percent is not None and covered:
            percent = 100 * covered / self.inspected_mm if self.inspected_mm > 0 else float("inf")
            if percent > limit.most_length_percent:
                found.append(f"{kind}: on {percent:.3g} % of its length, at most {limit.most_length_percent:g} %")
        return found


def grade(
    config: GradingConfig,
    coil: Stretch,
    defects: Sequence[CoilDefect],
    unknowns: Sequence[Unknown],
    marks: Sequence[RollMark] = (),
) -> Grade:
    """The grade of a coil that lies from ``coil[0]`` to ``coil[1]``, mm."""
    first, last = counted(config, coil)
    material = Material(defects, unknowns, marks, first, last)
    why: list[BrokenRule] = []
    name = config.otherwise
    for candidate in config.grades:
        broken = material.broken(candidate)
        if not broken:
            name = candidate.name
            break
        why += [BrokenRule(grade=candidate.name, text=text) for text in broken]
    return Grade(
        name=name,
        why=tuple(why),
        counted=material.bounds,
        inspected_mm=material.inspected_mm,
        longest_clean=material.longest_clean(),
    )


def counted(config: GradingConfig, coil: Stretch) -> Stretch:
    """What of a coil counts: without its head and tail."""
    first = min(coil[0] + config.leave_out_head_m * 1000, coil[1])
    return first, max(first, coil[1] - config.leave_out_tail_m * 1000)


def concerns(limit: DefectLimit, defect: CoilDefect) -> bool:
    """Whether the defect is of the kind that the limit is about."""
    area = defect.area
    return (
        (not limit.classes or defect.class_name in limit.classes)
        and (limit.face is None or limit.face == area.face)
        and defect.length_mm >= limit.min_length_mm
        and defect.width_mm >= limit.min_width_mm
        and defect.area_mm2 >= limit.min_area_mm2
        and (limit.x_from_mm is None or area.x_to_mm > limit.x_from_mm)
        and (limit.x_to_mm is None or area.x_from_mm < limit.x_to_mm)
    )


def most_in_window(places_mm: Sequence[float], window_mm: float = _WINDOW_MM) -> tuple[int, float]:
    """The largest number of places in any window of that length, both ends included, and where the first such window begins."""
    ordered = sorted(places_mm)
    best = 0, 0.0
    for index, place in enumerate(ordered):
        count = bisect_right(ordered, place + window_mm) - index
        if count > best[0]:
            best = count, place
    return best


def _overlaps(defect: CoilDefect, bounds: Stretch) -> bool:
    return any(True for _ in within([(defect.area.from_mm, defect.area.to_mm)], bounds))
