"""Applies the verdict rules to the defects of a frame, and gives the reason in one line of text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.config.verdicts import Rule
from inspector.frames.outcome import Defect, Reason, Verdict
from inspector.verdicts.defects import Unlisted

_VERDICTS = {"reject": Verdict.REJECT, "scrap": Verdict.SCRAP}


@dataclass(frozen=True, slots=True)
class _Tally:
    """The defects that count for one rule."""

    count: int
    largest_px: int
    largest_mm2: float | None
    class_names: tuple[str, ...]
    bounded: bool
    """True where upper bounds of length or width were used for some, so that the true count may be lower."""


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
    counting = [defect for defect in defects if _counts(defect, rule)]
    found = {defect.class_name for defect in counting}
    count = len(counting)
    largest_px = max((defect.area_px for defect in counting), default=0)
    largest_mm2 = max((defect.area_mm2 for defect in counting if defect.area_mm2 is not None), default=None)
    bounded = False
    if unlisted is not None:
        extra = _counts_unlisted(unlisted, rule, class_names)
        if extra.any():
            count += int(extra.sum())
            found.update(class_names[index] for index in np.unique(unlisted.class_index[extra]))
            largest_px = max(largest_px, int(unlisted.area_px[extra].max()))
            if unlisted.area_mm2 is not None:
                largest_mm2 = max(largest_mm2 or 0.0, float(unlisted.area_mm2[extra].max()))
            bounded = rule.min_length_mm is not None or rule.min_width_mm is not None
    return _Tally(count, largest_px, largest_mm2, tuple(name for name in class_names if name in found), bounded)


def _counts(defect: Defect, rule: Rule) -> bool:
    return (
        rule.class_name in (None, defect.class_name)
        and _reaches(defect.area_px, rule.min_area_px)
        and _reaches(defect.area_mm2, rule.min_area_mm2)
        and _reaches(defect.length_mm, rule.min_length_mm)
        and _reaches(defect.width_mm, rule.min_width_mm)
        and _reaches(defect.score, rule.min_score)
    )


def _reaches(figure: float | None, limit: float | None) -> bool:
    return limit is None or (figure is not None and figure >= limit)


def _counts_unlisted(unlisted: Unlisted, rule: Rule, class_names: Sequence[str]) -> NDArray[np.bool_]:
    """Like ``_counts`` for each of ``unlisted``."""
    counts = np.ones(len(unlisted), dtype=np.bool_)
    if rule.class_name is not None:
        counts &= unlisted.class_index == class_names.index(rule.class_name)
    for figures, limit in (
        (unlisted.area_px, rule.min_area_px),
        (unlisted.area_mm2, rule.min_area_mm2),
        (unlisted.length_mm, rule.min_length_mm),
        (unlisted.width_mm, rule.min_width_mm),
        (unlisted.score, rule.min_score),
    ):
        if limit is not None and figures is not None:
            counts &= figures >= limit
    return counts


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
