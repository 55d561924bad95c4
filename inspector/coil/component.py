"""A defect that may still grow: pieces that were joined, with their figures."""

from __future__ import annotations

from inspector.frames.coil import Area, CoilDefect, Cut, Face
from inspector.frames.sheet import FrameOfCamera


class Component:
    """Regions that are one defect, in a union-find forest; only the figures of a root count. Its memory does not grow with the number of its pieces."""

    __slots__ = (
        "area_mm2",
        "class_name",
        "face",
        "frames",
        "from_mm",
        "head",
        "held",
        "joined_to",
        "minimum_mm2",
        "moment_along",
        "moment_x",
        "pieces",
        "score",
        "tail",
        "to_mm",
        "x_from_mm",
        "x_to_mm",
    )  # fmt: skip

    def __init__(
        self,
        class_name: str,
        face: Face,
        box: tuple[float, float, float, float],
        area_mm2: float,
        centre: tuple[float, float],
        *,
        score: float,
        minimum_mm2: float,
        frame: FrameOfCamera,
    ) -> None:
        """``box``: from, to along the coil, from, to across it, mm; ``centre``: along, across. ``minimum_mm2``: a smaller one is a speck."""
        self.class_name = class_name
        self.face: Face = face
        self.from_mm, self.to_mm, self.x_from_mm, self.x_to_mm = box
        self.area_mm2 = area_mm2
        self.moment_along = area_mm2 * centre[0]
        self.moment_x = area_mm2 * centre[1]
        self.score = score
        self.minimum_mm2 = minimum_mm2
        self.frames = [frame]
        self.pieces = 1
        self.held = 0
        """How many places it may still grow at."""
        self.head = self.tail = Cut.WHOLE
        self.joined_to: Component = self

    def root(self) -> Component:
        """The one whose figures count."""
        one = self
        while one.joined_to is not one:
            one.joined_to = one.joined_to.joined_to
            one = one.joined_to
        return one

    def join(self, other: Component, frames_kept: int) -> Component:
        """The root of both, which are one defect from now on."""
        one, two = self.root(), other.root()
        if one is two:
            return one
        two.joined_to = one
        one.from_mm, one.to_mm = min(one.from_mm, two.from_mm), max(one.to_mm, two.to_mm)
        one.x_from_mm, one.x_to_mm = min(one.x_from_mm, two.x_from_mm), max(one.x_to_mm, two.x_to_mm)
        one.area_mm2 += two.area_mm2
        one.moment_along += two.moment_along
        one.moment_x += two.moment_x
        one.score = max(one.score, two.score)
        one.minimum_mm2 = min(one.minimum_mm2, two.minimum_mm2)
        one.pieces += two.pieces
        one.held += two.held
        one.head = Cut.UNKNOWN if Cut.UNKNOWN in (one.head, two.head) else Cut.WHOLE
        one.tail = Cut.UNKNOWN if Cut.UNKNOWN in (one.tail, two.tail) else Cut.WHOLE
        if len(one.frames) < frames_kept:
            one.frames += [frame for frame in two.frames if frame not in one.frames][: frames_kept - len(one.frames)]
        two.frames = []
        return one

    def counted_twice(self, area_mm2: float, along_mm: float, x_mm: float) -> None:
        """So much of it, with this centre, was seen by two cameras; of a root."""
        self.area_mm2 -= area_mm2
        self.moment_along -= area_mm2 * along_mm
        self.moment_x -= area_mm2 * x_mm

    def finding(self, width_mm: float | None) -> CoilDefect | None:
        """The defect, or None where it is a speck. ``width_mm``: of the strip, where it is known; of a root."""
        if self.area_mm2 <= 0 or self.area_mm2 < self.minimum_mm2 * (1 - 1e-6):
            return None
        area = Area(
            face=self.face,
            from_mm=_um(self.from_mm),
            to_mm=_um(self.to_mm),
            x_from_mm=_um(self.x_from_mm),
            x_to_mm=_um(self.x_to_mm),
        )
        return CoilDefect(
            class_name=self.class_name,
            area=area,
            along_mm=_um(self.moment_along / self.area_mm2),
            x_mm=_um(self.moment_x / self.area_mm2),
            length_mm=_um(self.to_mm - self.from_mm),
            width_mm=_um(self.x_to_mm - self.x_from_mm),
            area_mm2=_um(self.area_mm2),
            score=self.score,
            near_edge_mm=area.x_from_mm,
            far_edge_mm=None if width_mm is None else _um(width_mm - self.x_to_mm),
            pieces=self.pieces,
            frames=tuple(self.frames),
            head=self.head,
            tail=self.tail,
        )


def _um(mm: float) -> float:
    """Rounded to a micrometre."""
    return round(mm, 3)
