"""Puts the regions of a run's frames together to the defects of the coil, as the frames come.

The frames of each camera come in their order, those of several cameras in any. Memory is bounded: of a camera there are kept the frame that came last, the
regions at the ends of what it has seen, the holes of the last metres, and what lies in the overlap with a camera that has not come so far yet.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from inspector.coil.component import Component
from inspector.coil.crop import Crop, common
from inspector.coil.frame import Frame, Lost
from inspector.coil.joining import JoiningConfig
from inspector.coil.part import Part, part_of
from inspector.coil.seam import Seam, meeting
from inspector.coil.track import Fresh, Hole, Track
from inspector.frames.coil import Area, CoilDefect, Cut, Face, Unknown

Found = CoilDefect | Unknown
FRAMES_KEPT = 16
"""A defect names so many of its frames."""
_WAITING_CROPS = 128
"""So many regions in the overlap with one other camera wait for that one; the oldest is given up first."""


@dataclass(slots=True)
class View:
    """One camera."""

    name: str
    face: Face
    x_from_mm: float
    x_to_mm: float
    track: Track = field(default_factory=Track)
    last: Frame | None = None
    """Its last frame; it waits for the next one, which may show a part of it again."""
    crops: dict[str, list[Crop]] = field(default_factory=dict)
    """By camera beside it: what waits for that one."""


class Stitcher:
    """The cameras of a line over one run."""

    def __init__(self, joining: JoiningConfig | None = None, width_mm: float | None = None) -> None:
        """``width_mm``: of the strip, where it is known."""
        self._joining = joining or JoiningConfig()
        self._width_mm = width_mm
        self._found: list[Found] = []
        self.views: dict[str, View] = {}
        """By name of the camera, those that are placed."""
        self.seen_again = 0
        """Frames that showed nothing new."""
        self.given_up = 0
        """Crops of an overlap that waited too long for the camera beside."""
        self.lost_unplaced = 0
        """Frames that were not inspected, of which the place is not known."""
        self.begun = True
        """Whether the coil begins where the first frames do; else what touches their edge may have begun before."""

    def camera(self, name: str, face: Face, x_from_mm: float, x_to_mm: float) -> None:
        """A camera sees this stretch across the coil. To be told before its frames, and as early as it is known: what one camera shows waits for those beside it."""
        view = self.views.get(name)
        if view is None:
            self.views[name] = View(name, face, x_from_mm, x_to_mm)
        else:
            view.face, view.x_from_mm, view.x_to_mm = face, x_from_mm, x_to_mm

    def see(self, frame: Frame) -> None:
        """The next frame of its camera."""
        view = self.views[frame.camera]
        if view.last is not None:
            _share(view.last, frame)
        self._commit(view)
        view.last = frame

    def lose(self, lost: Lost) -> None:
        """The next frames of their camera were not inspected."""
        view = self.views[lost.camera]
        self._commit(view)
        view.track.lose(lost.count, lost.reason, lost.from_mm, lost.to_mm)

    def settle(self, camera: str) -> None:
        """No frame of the camera comes that shows a part of its last one again, for now."""
        if (view := self.views.get(camera)) is not None:
            self._commit(view)

    def over(self, camera: str) -> None:
        """Nothing waits for this camera any more."""
        for view in self.views.values():
            for crop in view.crops.pop(camera, []):
                self._release(crop.components.values())

    def take(self) -> list[Found]:
        """What is over since this was asked last: defects that cannot grow any more, and stretches that nobody inspected."""
        found, self._found = self._found, []
        return found

    def finish(self, *, ended: bool) -> None:
        """Nothing more comes. ``ended``: the coil ends where the last frames end; else what touches their edge may go on."""
        for view in self.views.values():
            self._commit(view)
        for view in self.views.values():
            self.over(view.name)
        for view in self.views.values():
            for hole in view.track.holes:
                if hole.to_mm == math.inf and not hole.lost and not ended:
                    _cut(hole.before, [])
                self._close(view, hole)
            view.track.holes = [Hole(view.track.reached_mm, math.inf)]

    def _commit(self, view: View) -> None:
        """Add the frame of a camera that waits."""
        frame, view.last = view.last, None
        if frame is None:
            return
        px = frame.layout.mm_per_line
        nearby = max(self._joining.along_mm, px / 2)
        fresh = view.track.see(frame.from_mm, frame.to_mm, nearby, px / 2)
        self.seen_again += not fresh
        beside = self._beside(view, frame) if frame.picture is not None else {}
        for one in fresh:
            self._add(view, frame, one, beside)
        for hole in view.track.passed(view.track.reached_mm - self._joining.back_mm):
            self._close(view, hole)
        self._pass(view)

    def _add(self, view: View, frame: Frame, fresh: Fresh, beside: dict[str, tuple[float, float]]) -> None:
        px, lines = frame.layout.mm_per_line, frame.layout.size[0]
        first = max(0, round((fresh.from_mm - frame.from_mm) / px))
        end = min(lines, round((fresh.to_mm - frame.from_mm) / px))
        part = Part() if frame.picture is None else part_of(frame, first, end, beside)
        hole = fresh.hole
        if fresh.left is not None:
            fresh.left.after = part.lead
            _hold(part.lead)
        if fresh.right is not None:
            fresh.right.before = part.trail
            _hold(part.trail)
        _hold_all(part.components)  # until all of it is joined
        if fresh.left is None:
            self._meet(hole.before, part.lead)
        if fresh.right is None:
            self._meet(part.trail, hole.after)
        self._meet_beside(view, part)
        if fresh.left is None:
            self._release(run.component for run in hole.before)
        if fresh.right is None:
            self._release(run.component for run in hole.after)
        self._release(part.components)

    def _meet(self, one: Seam, other: Seam) -> None:
        for first, second in meeting(one, other, self._joining.across_mm):
            first.join(second, FRAMES_KEPT)

    def _beside(self, view: View, frame: Frame) -> dict[str, tuple[float, float]]:
        """By camera of the same face whose view this one's overlaps or touches: the stretch across the coil of interest."""
        spare = frame.layout.mm_per_column + self._joining.across_mm
        found = {}
        for other in self.views.values():
            if other is not view and other.face == view.face:
                begin, end = max(view.x_from_mm, other.x_from_mm) - spare, min(view.x_to_mm, other.x_to_mm) + spare
                if begin < end:
                    found[other.name] = begin, end
        return found

    def _meet_beside(self, view: View, part: Part) -> None:
        for name, crops in part.crops.items():
            other = self.views[name]
            overlap = min(view.x_to_mm, other.x_to_mm) - max(view.x_from_mm, other.x_from_mm)
            # Where both cameras see the place, what is apart is apart.
            across_mm = 0.0 if overlap > 0 else self._joining.across_mm
            waiting = other.crops.get(view.name, [])
            kept = view.crops.setdefault(name, [])
            for crop in crops:
                for there in waiting:
                    for found in common(crop, there, across_mm):
                        root = found.one.join(found.other, FRAMES_KEPT)
                        root.counted_twice(found.area_mm2, found.along_mm, found.x_mm)
                _hold_all(crop.components.values())
                kept.append(crop)
            while len(kept) > _WAITING_CROPS:
                self.given_up += 1
                self._release(kept.pop(0).components.values())

    def _pass(self, view: View) -> None:
        """A camera has come further: what waited for it where it has seen everything by now does not any more; nor does its own there."""
        for other in self.views.values():
            if other is not view:
                self._pass_one(other, view)
                self._pass_one(view, other)

    def _pass_one(self, view: View, other: View) -> None:
        """What waits for ``other``."""
        kept = view.crops.get(other.name)
        if not kept:
            return
        waiting = [crop for crop in kept if other.track.is_open(crop.from_mm - crop.mm_per_line, crop.to_mm + crop.mm_per_line)]  # fmt: skip
        if len(waiting) < len(kept):
            view.crops[other.name] = waiting
            still = set(map(id, waiting))
            for crop in kept:
                if id(crop) not in still:
                    self._release(crop.components.values())

    def _close(self, view: View, hole: Hole) -> None:
        """A hole is not filled any more."""
        from_mm, to_mm = hole.from_mm, hole.to_mm
        if from_mm == -math.inf:
            from_mm = min(to_mm, hole.lost_from_mm)
        if to_mm == math.inf:
            to_mm = max(from_mm, hole.lost_to_mm)
        if hole.lost or (hole.to_mm < math.inf and (hole.from_mm > -math.inf or not self.begun)):
            _cut(hole.before, hole.after)
        if -math.inf < from_mm < to_mm < math.inf:
            area = Area(
                face=view.face,
                from_mm=round(from_mm, 3),
                to_mm=round(to_mm, 3),
                x_from_mm=view.x_from_mm,
                x_to_mm=view.x_to_mm,
            )
            self._found.append(Unknown(area=area, reason=hole.reason, frames=hole.frames))
        else:
            self.lost_unplaced += hole.frames - hole.lost[None]
        for seam in (hole.before, hole.after):
            self._release(run.component for run in seam)

    def _release(self, components: Iterable[Component]) -> None:
        """These may grow at one place less; those that cannot grow any more are over."""
        for component in components:
            root = component.root()
            root.held -= 1
            if root.held == 0 and (defect := root.finding(self._width_mm)) is not None:
                self._found.append(defect)


def _share(earlier: Frame, later: Frame) -> None:
    """What a frame shows of the stretch of the one before it counts there too: what either of them shows is there."""
    picture = later.picture
    if picture is None or not earlier.from_mm < later.to_mm or not later.from_mm < earlier.to_mm:
        return
    same = earlier.layout.size == later.layout.size and earlier.layout.edges == later.layout.edges
    lines = round((later.from_mm - earlier.from_mm) / earlier.layout.mm_per_line)
    if same and picture.line + lines < earlier.layout.size[0] and picture.end_line + lines > 0:
        earlier.picture = picture.joined_to(earlier.picture, lines, earlier.layout.size)


def _cut(before: Seam, after: Seam) -> None:
    """What touches an unknown stretch may go on in it."""
    for run in before:
        run.component.root().tail = Cut.UNKNOWN
    for run in after:
        run.component.root().head = Cut.UNKNOWN


def _hold(seam: Seam) -> None:
    _hold_all(run.component for run in seam)


def _hold_all(components: Iterable[Component]) -> None:
    for component in components:
        component.root().held += 1
