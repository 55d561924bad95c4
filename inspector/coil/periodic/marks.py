"""Rows as findings of the coil."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from inspector.coil.config import RollConfig, RollMarksConfig
from inspector.coil.periodic.period import Period, fitting, period_of
from inspector.coil.periodic.strip import Found, Strip
from inspector.frames.coil import Area, RollMark


def mark_of(found: Found, strip: Strip, config: RollMarksConfig, rolls: Sequence[RollConfig]) -> RollMark:
    """A row as it is known now."""
    marks = found.row.marks
    turn = np.array([mark.turn for mark in marks], np.float64)
    along = np.array([mark.along_mm for mark in marks])
    x = strip.x[[mark.event for mark in marks]]
    period = (
        period_of(turn, along, config.position_mm)
        if len(marks) > 2
        else Period(found.row.belief.period, found.row.belief.period, found.row.belief.period)
    )
    area = Area(
        face=strip.face,
        from_mm=float(along[0]),
        to_mm=float(along[-1]),
        x_from_mm=float(x.min()),
        x_to_mm=float(x.max()),
    )
    return RollMark(
        class_name=strip.class_name,
        area=area,
        period_mm=period.mm,
        period_low_mm=period.low_mm,
        period_high_mm=period.high_mm,
        phase_mm=float(along[0]) % period.mm,
        count=len(marks),
        possible=max(found.row.possible, len(marks)),
        p_value=found.p_value,
        rolls=fitting(period.mm, rolls),
    )


def merged(marks: Sequence[RollMark], config: RollMarksConfig, rolls: Sequence[RollConfig]) -> list[RollMark]:
    """The surest first, with those that are one joined: the same period in the same band, one after the other; or at the same places in the band beside it."""
    found: list[RollMark] = []
    marks = [mark for mark in marks if not any(_echo(mark, of, config) for of in marks)]
    for mark in sorted(marks, key=lambda mark: (mark.class_name, mark.area.face, mark.area.from_mm)):
        one = next((other for other in found if _same(other, mark, config)), None)
        if one is None:
            found.append(mark)
        else:
            found[found.index(one)] = _joined(one, mark, rolls)
    return sorted(found, key=lambda mark: (mark.p_value, -mark.count, mark.area.from_mm))


def _echo(mark: RollMark, of: RollMark, config: RollMarksConfig) -> bool:
    """Whether a mark is made of those of a surer one that lie further off than it looks: at its places, with a multiple of its period."""
    if mark.p_value < of.p_value or mark.count >= of.count or mark is of:
        return False
    if (mark.class_name, mark.area.face) != (of.class_name, of.area.face):
        return False
    if not of.area.from_mm <= mark.area.from_mm <= mark.area.to_mm <= of.area.to_mm:
        return False
    between = max(mark.area.x_from_mm, of.area.x_from_mm) - min(mark.area.x_to_mm, of.area.x_to_mm)
    multiple = mark.period_mm / of.period_mm
    turns = (mark.area.from_mm - of.area.from_mm) / of.period_mm
    off = abs(turns - round(turns)) * of.period_mm
    near = 12 * config.position_mm + config.drift_percent / 100 * (mark.area.from_mm - of.area.from_mm)
    return between <= 0 and abs(multiple - round(multiple)) <= 0.005 * multiple and off <= near and multiple >= 0.99


def _same(a: RollMark, b: RollMark, config: RollMarksConfig) -> bool:
    if (a.class_name, a.area.face) != (b.class_name, b.area.face):
        return False
    uncertain = max(a.period_high_mm - a.period_mm, b.period_high_mm - b.period_mm, 0.002 * a.period_mm)
    if abs(a.period_mm - b.period_mm) > uncertain:
        return False
    between = max(a.area.x_from_mm, b.area.x_from_mm) - min(a.area.x_to_mm, b.area.x_to_mm)
    if b.area.from_mm > a.area.to_mm:
        return between <= config.band_mm / 2
    turns = (b.area.from_mm - a.area.from_mm) / a.period_mm
    off = abs(turns - round(turns)) * a.period_mm
    drift = config.drift_percent / 100 * (b.area.from_mm - a.area.from_mm)
    return between <= config.band_mm and off <= 8 * config.position_mm + drift


def _joined(a: RollMark, b: RollMark, rolls: Sequence[RollConfig]) -> RollMark:
    surer = a if a.p_value <= b.p_value else b
    area = Area(
        face=a.area.face,
        from_mm=min(a.area.from_mm, b.area.from_mm),
        to_mm=max(a.area.to_mm, b.area.to_mm),
        x_from_mm=min(a.area.x_from_mm, b.area.x_from_mm),
        x_to_mm=max(a.area.x_to_mm, b.area.x_to_mm),
    )
    after = b.area.from_mm > a.area.to_mm
    longer = a if a.count >= b.count else b
    return msgspec.structs.replace(
        longer,
        area=area,
        phase_mm=area.from_mm % longer.period_mm,
        count=a.count + b.count if after else longer.count,
        possible=a.possible + b.possible if after else longer.possible,
        p_value=surer.p_value,
        rolls=fitting(longer.period_mm, rolls),
    )
