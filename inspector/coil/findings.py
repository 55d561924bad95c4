"""What is found on a coil, as its other parts and its readers see it."""

from __future__ import annotations

from enum import Enum
from typing import Literal

import msgspec

from inspector.frames.outcome import Reason
from inspector.frames.sheet import FrameOfCamera

Face = Literal["top", "bottom"]


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """A rectangle on one face, mm."""

    face: Face
    from_mm: float
    to_mm: float
    """Along the coil."""
    x_from_mm: float
    x_to_mm: float
    """Across it."""


class Cut(str, Enum):
    """What an end of a defect is."""

    WHOLE = "whole"
    """The defect ends there."""
    UNKNOWN = "unknown"
    """What lies beyond was not seen, so that the defect may go on."""


class CoilDefect(msgspec.Struct, frozen=True, kw_only=True):
    """One defect of the coil, of one or of many frames."""

    class_name: str = msgspec.field(name="class")
    area: Area
    """Its box."""
    along_mm: float
    x_mm: float
    """Of its centroid."""
    length_mm: float
    """Of its box, along the coil."""
    width_mm: float
    """Of its box, across the coil."""
    area_mm2: float
    score: float
    """The highest of its pieces."""
    near_edge_mm: float
    """From the reference edge of the strip to its box."""
    far_edge_mm: float | None
    """From its box to the other edge; None where the width of the strip is not known."""
    pieces: int
    """Regions that it was joined of."""
    frames: tuple[FrameOfCamera, ...]
    """Those that show it, the first ones of many."""
    head: Cut = Cut.WHOLE
    tail: Cut = Cut.WHOLE
    """Its end that is nearer to the head, and the other one."""


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch that nobody inspected. It is never drawn or counted as clean."""

    area: Area
    reason: Reason | None
    """Of its frames; None where there were none at all."""
    frames: int


class RollFit(msgspec.Struct, frozen=True, kw_only=True):
    """A roll whose marks would repeat at the period that was found."""

    roll: str
    turns: int
    """Marks on the roll's circumference, evenly; 1: the period is the circumference times the elongation."""
    expected_mm: float
    """The period that it would give here."""
    off_percent: float
    """How far the period that was found is from it."""


class RollMark(msgspec.Struct, frozen=True, kw_only=True):
    """Defects of one class in one lateral band that repeat along the coil."""

    class_name: str = msgspec.field(name="class")
    area: Area
    """From the first mark to the last one, and its lateral band."""
    period_mm: float
    period_low_mm: float
    period_high_mm: float
    """95 % interval of the period."""
    phase_mm: float
    """Of the first mark along the coil, modulo the period."""
    count: int
    """Marks that were found."""
    possible: int
    """Marks that the inspected length between the first and the last one has room for."""
    p_value: float
    """How often chance alone would show at least so regular a row anywhere on such a coil."""
    rolls: tuple[RollFit, ...] = ()
    """Rolls of the configuration that it fits, the nearest first."""
