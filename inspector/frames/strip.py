"""The coordinates of the strip, and what is known of how a camera sees it."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, Protocol


class StripBox(NamedTuple):
    """A box in the coordinates of the strip, mm. Along the strip it begins at the end that passes the camera first."""

    x_from: float
    x_to: float
    along_from: float
    along_to: float

    def moved(self, along_mm: float) -> StripBox:
        """The same box, this much further along the strip."""
        return StripBox(self.x_from, self.x_to, self.along_from + along_mm, self.along_to + along_mm)

    def common(self, other: StripBox) -> StripBox | None:
        """What both cover; None where that is nothing."""
        found = StripBox(
            max(self.x_from, other.x_from),
            min(self.x_to, other.x_to),
            max(self.along_from, other.along_from),
            min(self.along_to, other.along_to),
        )
        return found if found.x_from < found.x_to and found.along_from < found.along_to else None


class StripView(Protocol):
    """How a camera sees the strip (``inspector.verdicts.places.Places``)."""

    @property
    def face(self) -> Literal["top", "bottom"]:
        """The face of the strip that is seen."""

    @property
    def view(self) -> StripBox | None:
        """Its frame, along the strip from the position of the frame; None without a scale."""

    def box(self, defect: Any) -> StripBox | None:
        """The box of a defect (``inspector.frames.outcome.Defect``), likewise."""
