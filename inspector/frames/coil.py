"""What is found on a coil: defects with their true length, stretches that nobody inspected, roll marks.

Places are in the coordinates of the coil, mm: along it from its head, across it from the reference edge of the strip; both faces in one coordinate
system.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from engines.files.names import LONGEST_LABEL
from inspector.frames.outcome import Reason
from inspector.frames.sheet import FrameOfCamera

Face = Literal["top", "bottom"]
PlaceMm = Annotated[float, Meta(ge=-1e9, le=1e9)]
SizeMm = Annotated[float, Meta(ge=0, le=1e9)]
AreaMm2 = Annotated[float, Meta(ge=0, le=1e15)]
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Label = Annotated[str, Meta(min_length=1, max_length=LONGEST_LABEL)]
MOST_FRAMES = 100
"""Frames named of one defect."""
MOST_ROLLS = 200


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """A rectangle on one face, mm."""

    face: Face
    from_mm: PlaceMm
    to_mm: PlaceMm
    """Along the coil."""
    x_from_mm: PlaceMm
    x_to_mm: PlaceMm
    """Across it."""


class Cut(str, Enum):
    """What an end of a defect is."""

    WHOLE = "whole"
    """The defect ends there."""
    UNKNOWN = "unknown"
    """What lies beyond was not seen, so that the defect may go on."""


class CoilDefect(msgspec.Struct, frozen=True, kw_only=True):
    """One defect of the coil, of one or of many frames."""

    class_name: Label = msgspec.field(name="class")
    area: Area
    """Its box."""
    along_mm: PlaceMm
    x_mm: PlaceMm
    """Of its centroid."""
    length_mm: SizeMm
    """Of its box, along the coil."""
    width_mm: SizeMm
    """Of its box, across the coil."""
    area_mm2: AreaMm2
    score: Share
    """The highest of its pieces."""
    near_edge_mm: PlaceMm
    """From the reference edge of the strip to its box."""
    far_edge_mm: PlaceMm | None
    """From its box to the other edge; None where the width of the strip is not known."""
    pieces: Count
    """Regions that it was joined of."""
    frames: Annotated[tuple[FrameOfCamera, ...], Meta(max_length=MOST_FRAMES)]
    """Those that show it, the first ones of many."""
    head: Cut
    tail: Cut
    """Its end that is nearer to the head, and the other one."""


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch that nobody inspected. It is never drawn or counted as clean."""

    area: Area
    reason: Reason | None
    """Of its frames; None where there were none at all."""
    frames: Count


class RollFit(msgspec.Struct, frozen=True, kw_only=True):
    """A roll whose marks would repeat at the period that was found."""

    roll: Label
    turns: Annotated[int, Meta(ge=1, le=1000)]
    """Marks on the roll's circumference, evenly; 1: the period is the circumference times the elongation."""
    expected_mm: SizeMm
    """The period that it would give here."""
    off_percent: PlaceMm
    """How far the period that was found is from it."""


class RollMark(msgspec.Struct, frozen=True, kw_only=True):
    """Defects of one class in one lateral band that repeat along the coil."""

    class_name: Label = msgspec.field(name="class")
    area: Area
    """From the first mark to the last one, and its lateral band."""
    period_mm: SizeMm
    period_low_mm: SizeMm
    period_high_mm: SizeMm
    """95 % interval of the period."""
    phase_mm: PlaceMm
    """Of the first mark along the coil, modulo the period."""
    count: Count
    """Marks that were found."""
    possible: Count
    """Marks that the inspected length between the first and the last one has room for."""
    p_value: Share
    """How often chance alone would show at least so regular a row anywhere on such a coil."""
    rolls: Annotated[tuple[RollFit, ...], Meta(max_length=MOST_ROLLS)]
    """Rolls of the configuration that it fits, the nearest first."""
