"""Applies the verdict rules to the defects of a frame, and gives the reason in one line of text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inspector.config.calibrated_scale import lens_of
from inspector.config.verdicts import Rule
from inspector.frames.outcome import Defect, Reason, Verdict
from inspector.verdicts.measured import Unlisted

_VERDICTS = {"reject": Verdict.REJECT, "scrap": Verdict.SCRAP}


@dataclass(frozen=True, slots=True)
class _Tally:
    """The defects that count for one rule."""

    count: int
    largest_px: int
    largest_mm2: float | None
    class_names: tuple[str, ...]
    bounded: bool
    """True where upper bounds of length, width or area were used for some, so that the true count may be lower."""


def judge(
    defects: Sequence[Defect],
    rules: Sequence[Rule],
    class_names: Sequence[str],
    frame_length_mm: float | None,
    unlisted: Unlisted | None = None,
) -> tuple[Verdict, Reason, str]:
    """Verdict and reason of the most severe rule that fires (among equals the first), with a text that names it; else PASS.

    ``frame_length_mm`` is the frame's length along the travel, None where there is no scale. Rules whose figures need a
    scale must have been refused without one (``check_rules``).
    """
    fired: tuple[Verdict, str] | None = None
    for rule in rules:
        if fired is not None and (fired[0] is Verdict.SCRAP or rule.verdict == "reject"):
            continue
        tally = _tally(defects, rule, class_names, unlisted)
        if tally.count >= _needed(rule, frame_length_mm):
            fired = _VERDICTS[rule.verdict], _told(rule, tally, frame_length_mm)
    if fired is not None:
        return fired[0], Reason.DEFECT, fired[1]
    total = len(defects) + (0 if unlisted is None else len(unlisted))
    return Verdict.PASS, Reason.NO_DEFECT, f"{_defects(total)} within the limits" if total else ""


def _needed(rule: Rule, frame_length_mm: float | None) -> float:
    """The number of defects from which the rule fires."""
    if rule.min_count_per_metre is None:
        return rule.min_count
    assert frame_length_mm is not None, "check_rules refuses a count per metre without a scale"
    return max(rule.min_count, rule.min_count_per_metre * frame_length_mm / 1000)


def _tally(defects: Sequence[Defect], rule: Rule, class_names: Sequence[str], unlisted: Unlisted | None) -> _Tally:
    counting = _counting(defects, rule)
    found = {defect.class_name for defect in counting}
    count = len(counting)
    largest_px = max((defect.area_px for defect in counting), default=0)
    largest_mm2 = max((defect.area_mm2 for defect in counting if defect.area_mm2 is not None), default=None)
    bounded = False
    if unlisted is not None:
        extra = _counting_unlisted(unlisted, rule, class_names)
        if len(extra):
            count += len(extra)
            found.update(class_names[index] for index in np.flatnonzero(np.bincount(extra.class_index)).tolist())
            largest_px = max(largest_px, int(extra.area_px.max()))
            if extra.area_mm2 is not None:
                largest_mm2 = max(largest_mm2 or 0.0, float(extra.area_mm2.max()))
            bent = rule.min_area_mm2 is not None and lens_of(extra.scale) is not None
            bounded = rule.min_length_mm is not None or rule.min_width_mm is not None or bent
    return _Tally(count, largest_px, largest_mm2, tuple(name for name in class_names if name in found), bounded)


_FIGURES = {
    "min_area_px": "area_px",
    "min_area_mm2": "area_mm2",
    "min_length_mm": "length_mm",
    "min_width_mm": "width_mm",
    "min_score": "score",
}
"""The figure of a defect that each limit of a rule is for."""


def _limits(rule: Rule) -> list[tuple[str, float]]:
    """The figures that ``rule`` limits, each with its limit."""
    limits = ((figure, getattr(rule, key)) for key, figure in _FIGURES.items())
    return [(figure, limit) for figure, limit in limits if limit is not None]


def _counting(defects: Sequence[Defect], rule: Rule) -> Sequence[Defect]:
    """The defects that reach every limit of ``rule``."""
    if rule.class_name is not None:
        defects = [defect for defect in defects if defect.class_name == rule.class_name]
    for figure, limit in _limits(rule):
        defects = [defect for defect in defects if _reaches(getattr(defect, figure), limit)]
    return defects


def _reaches(figure: float | None, limit: float) -> bool:
    return figure is not None and figure >= limit


def _counting_unlisted(unlisted: Unlisted, rule: Rule, class_names: Sequence[str]) -> Unlisted:
    """Like ``_counting``."""
    if rule.class_name is not None:
        unlisted = unlisted.only(unlisted.class_index == class_names.index(rule.class_name))
    for name, limit in _limits(rule):
        figures = getattr(unlisted, name)
        if figures is not None:
            unlisted = unlisted.only(figures >= limit)
    return unlisted


def _told(rule: Rule, tally: _Tally, frame_length_mm: float | None) -> str:
    """Such as "scratches: 2 defects of at least 120 px2, largest 3,400 px2"."""
    limits = [
        f"{_number(limit)}{unit}"
        for limit, unit in (
            (rule.min_area_px, " px2"),
            (rule.min_area_mm2, " mm2"),
            (rule.min_length_mm, " mm length"),
            (rule.min_width_mm, " mm width"),
            (rule.min_score, " score"),
        )
        if limit is not None
    ]
    text = f"{', '.join(tally.class_names)}: {'up to ' if tally.bounded else ''}{_defects(tally.count)}"
    if limits:
        text += f" of at least {' and '.join(limits)}"
    if rule.min_count > 1:
        text += f" (limit {rule.min_count:,})"
    if rule.min_count_per_metre is not None and frame_length_mm is not None:
        text += f", {tally.count / frame_length_mm * 1000:,.1f} per metre (limit {_number(rule.min_count_per_metre)})"
    if tally.largest_mm2 is not None and rule.min_area_px is None:
        largest = f"{_number(tally.largest_mm2)} mm2"
    else:
        largest = f"{tally.largest_px:,} px2"
    return f"{text}, {'area' if tally.count == 1 else 'largest'} {largest}"


def _number(value: float) -> str:
    """Six significant digits; large numbers in full, because 1.2e+06 is hard to read as a size."""
    return f"{value:,.6g}" if value < 1e6 else f"{value:,.0f}"


def _defects(count: int) -> str:
    return f"{count:,} defect{'' if count == 1 else 's'}"
