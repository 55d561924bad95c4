"""A frame of a run, as it is read: where it lies on the coil, and what it shows."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.coil.layout import Layout
from inspector.coil.picture import Picture
from inspector.frames.outcome import Reason


@dataclass(slots=True)
class Lost:
    """Frames of which nothing is known but that they were not inspected, in their place among the frames of their camera."""

    camera: str
    count: int
    reason: Reason | None
    """None: no message says anything of them."""
    from_mm: float | None
    """Where they lie along the coil; None: that is not known."""
    to_mm: float | None


@dataclass(slots=True)
class Frame:
    """A frame that was inspected, on the coil."""

    camera: str
    number: int
    layout: Layout
    position_mm: float
    picture: Picture | None
    """None: nothing is on it."""

    @property
    def from_mm(self) -> float:
        """Where it begins along the coil."""
        edges = self.layout.edges
        assert edges is not None
        return self.position_mm + edges.from_mm

    @property
    def to_mm(self) -> float:
        """Where it ends."""
        edges = self.layout.edges
        assert edges is not None
        return self.position_mm + edges.to_mm

    def along_mm(self, line: float) -> float:
        """Where a line begins."""
        return self.from_mm + line * self.layout.mm_per_line

    def x_mm(self, column: float) -> float:
        """Where a column begins, from the reference edge."""
        edges = self.layout.edges
        assert edges is not None
        return edges.x_from_mm + column * self.layout.mm_per_column

    def columns(self, x_from_mm: float, x_to_mm: float) -> slice:
        """The columns that lie in this stretch across the coil, in part at least."""
        width, first = self.layout.mm_per_column, self.x_mm(0)
        begin = int((x_from_mm - first) // width)
        end = -int((first - x_to_mm) // width)
        return slice(max(0, begin), min(self.layout.size[1], end))
