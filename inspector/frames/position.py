"""Where on the sheet a frame is, and how that is known."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class PositionSource(str, Enum):
    """What a position is computed from."""

    ENCODER = "encoder"
    """The count that the camera sends with the frame."""
    FRAME_COUNT = "frame_count"
    """The frame's number and the travel from one frame to the next."""


class Position(NamedTuple):
    """The position of one frame. Null where it is not known: it is never guessed."""

    position_um: int | None = None
    """Leading edge of the frame, um of travel since the counting began."""
    travel_um: int | None = None
    """The same since the run began, um."""
    source: PositionSource | None = None
    encoder: int | None = None
    """The raw count, as the camera sent it."""


UNKNOWN = Position()
