"""The truth about a strip: its long defects and roll marks in mm, whole and as far as one camera can see them."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np

from inspector.capture.simulator.defects import CLASS_NAMES
from inspector.capture.simulator.strip.overlay import Overlay
from inspector.capture.simulator.strip.roll_marks import RollMarks, Turn
from inspector.capture.simulator.strip.shapes import Trail
from inspector.frames.coil import Area, Face

_SAMPLE_MM = 0.25
"""Areas of which a camera sees a part are added up in steps of this."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What the camera can see of a defect."""

    area: Area
    """The box of that part."""
    area_mm2: float


class StripDefect(msgspec.Struct, frozen=True, kw_only=True):
    """One long defect. Keys as of ``inspector.frames.coil.CoilDefect``."""

    class_name: str = msgspec.field(name="class")
    area: Area
    along_mm: float
    x_mm: float
    """Of its centroid."""
    length_mm: float
    width_mm: float
    """Of its box."""
    area_mm2: float
    seen: Part
    first_frame: int
    last_frame: int
    """Numbers of the frames that show it, lost ones too."""


class StripMark(msgspec.Struct, frozen=True, kw_only=True):
    """The mark of one turn of a roll."""

    turn: int
    """Counted from the mark at ``phase_mm`` of the configuration."""
    along_mm: float
    """Its middle, or where it would be."""
    printed: bool
    """False: this turn left none (``missed``)."""


class StripRollMark(msgspec.Struct, frozen=True, kw_only=True):
    """The marks of one roll. Keys as of ``inspector.frames.coil.RollMark``."""

    class_name: str = msgspec.field(name="class")
    face: Face
    period_mm: float
    phase_mm: float
    """Of its marks, modulo the period."""
    x_mm: float
    length_mm: float
    width_mm: float
    area_mm2: float
    """Of one mark."""
    jitter_mm: float
    count: int
    """Marks that were printed."""
    marks: tuple[StripMark, ...]


class StripTruth(msgspec.Struct, frozen=True, kw_only=True):
    """What lies on the stretch of the strip that the frames of a camera show. Places along count from the leading edge of frame 0."""

    format: Literal["inspector simulated strip 1"] = "inspector simulated strip 1"
    seen: Area
    """The stretch, from the first frame to the last one."""
    strip_width_mm: float
    frames: int
    lost: tuple[int, ...]
    corrupt: tuple[int, ...]
    """Numbers of frames that the camera does not deliver, or not whole."""
    defects: tuple[StripDefect, ...]
    roll_marks: tuple[StripRollMark, ...]


def strip_truth(overlay: Overlay, frames: int, lost: tuple[int, ...], corrupt: tuple[int, ...]) -> StripTruth:
    """The truth about the first ``frames`` frames (at least one). Defects that no frame shows are left out."""
    view, width = overlay.view, overlay.strip.width_mm
    low, high = view.across_mm
    seen = Area(
        face=view.placement.face,
        from_mm=view.along_mm(0)[0],
        to_mm=view.along_mm(frames - 1)[1],
        x_from_mm=min(max(0.0, low), width),
        x_to_mm=max(0.0, min(width, high)),
    )
    trails = overlay.long_defects.between(seen.from_mm, seen.to_mm)
    return StripTruth(
        seen=seen,
        strip_width_mm=width,
        frames=frames,
        lost=lost,
        corrupt=corrupt,
        defects=tuple(_defect(trail, part, overlay, frames) for trail in trails if (part := _part(trail, seen))),
        roll_marks=tuple(
            _roll_mark(row, row.between(seen.from_mm, seen.to_mm))
            for row in overlay.roll_marks
            if row.config.band_mm[1] > seen.x_from_mm and row.config.band_mm[0] < seen.x_to_mm
        ),
    )


def _defect(trail: Trail, part: Part, overlay: Overlay, frames: int) -> StripDefect:
    area = trail.area
    showing = overlay.view.frames_showing(part.area.from_mm, part.area.to_mm)
    along = np.asarray(np.linspace(area.from_mm, area.to_mm, _samples(area)), np.float64)
    return StripDefect(
        class_name=CLASS_NAMES[trail.kind],
        area=area,
        along_mm=(area.from_mm + area.to_mm) / 2,
        x_mm=float(trail.path(along).mean()),
        length_mm=area.to_mm - area.from_mm,
        width_mm=area.x_to_mm - area.x_from_mm,
        area_mm2=2 * trail.half_mm * (area.to_mm - area.from_mm),
        seen=part,
        first_frame=showing.start,
        last_frame=min(frames, showing.stop) - 1,
    )


def _part(trail: Trail, seen: Area) -> Part | None:
    """What lies of a trail in a rectangle of the strip; None where nothing does."""
    from_mm, to_mm = max(trail.from_mm, seen.from_mm), min(trail.to_mm, seen.to_mm)
    if to_mm <= from_mm:
        return None
    count = max(2, round((to_mm - from_mm) / _SAMPLE_MM))
    step = (to_mm - from_mm) / count
    along = np.asarray(from_mm + (np.arange(count) + 0.5) * step, np.float64)
    path = trail.path(along)
    low, high = np.maximum(path - trail.half_mm, seen.x_from_mm), np.minimum(path + trail.half_mm, seen.x_to_mm)
    inside = high > low
    if not inside.any():
        return None
    shown = along[inside]
    return Part(
        area=Area(
            face=seen.face,
            from_mm=float(shown[0] - step / 2),
            to_mm=float(shown[-1] + step / 2),
            x_from_mm=float(low[inside].min()),
            x_to_mm=float(high[inside].max()),
        ),
        area_mm2=float((high - low)[inside].sum() * step),
    )


def _roll_mark(row: RollMarks, turns: list[Turn]) -> StripRollMark:
    config = row.config
    marks = tuple(StripMark(turn=turn.number, along_mm=turn.spot.along_mm, printed=turn.printed) for turn in turns)
    return StripRollMark(
        class_name=config.class_name,
        face=config.face,
        period_mm=config.period_mm,
        phase_mm=config.phase_mm % config.period_mm,
        x_mm=config.x_mm,
        length_mm=config.length_mm,
        width_mm=config.width_mm,
        area_mm2=float(np.pi / 4 * config.length_mm * config.width_mm),
        jitter_mm=config.jitter_mm,
        count=sum(mark.printed for mark in marks),
        marks=marks,
    )


def _samples(area: Area) -> int:
    return max(2, round((area.to_mm - area.from_mm) / _SAMPLE_MM))
