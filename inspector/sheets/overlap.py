"""Counts a defect that several frames show once: in the overlap of two cameras, or of two frames of one camera.

Two defects are one where they are of one class, on one face, in two frames, and their boxes intersect where both frames see the strip. Without a scale,
or the positions of several frames of one camera, nothing is known of that, and each is listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from inspector.frames.outcome import Defect, Settled
from inspector.frames.sheet import MOST_SIGHTINGS, FrameOfCamera, SheetDefect
from inspector.frames.strip import StripBox


@dataclass(frozen=True, slots=True)
class View:
    """A frame with its verdict, and where along the strip it is."""

    settled: Settled
    along_mm: float | None
    """Its position; with cameras that are triggered together 0. None: it is not known."""

    @property
    def camera(self) -> str:
        """Name of the camera."""
        return self.settled.meta.camera

    @property
    def frame(self) -> int:
        """Number of the frame."""
        return self.settled.meta.frame

    @property
    def box(self) -> StripBox | None:
        """What it shows of the strip; None where that is not known."""
        places = self.settled.outcome.places
        return self.on_strip(places.view) if places is not None else None

    def on_strip(self, box: StripBox | None) -> StripBox | None:
        """A box of the frame, where it is on the strip; None where that is not known."""
        return box.moved(self.along_mm) if box is not None and self.along_mm is not None else None


class _Sighting:
    """A defect in one frame."""

    __slots__ = ("box", "defect", "same_as", "view")

    def __init__(self, view: View, defect: Defect, box: StripBox | None) -> None:
        self.view = view
        self.defect = defect
        self.box = box
        self.same_as: _Sighting = self

    def root(self) -> _Sighting:
        """One of those that are the same defect, the same for all of them."""
        one = self
        while one.same_as is not one:
            one.same_as = one.same_as.same_as
            one = one.same_as
        return one


def once(
    views: Sequence[View], tolerance_mm: float = 0.0, span_mm: tuple[float, float] | None = None
) -> list[SheetDefect]:
    """Every defect of these frames once, largest first: as the frame shows it in which it is largest. ``tolerance_mm``: how far apart the
    same defect may be in two frames. ``span_mm``: only those that reach into this stretch along the strip."""
    sightings = [_sightings(view, span_mm) for view in views]
    for first, second, zone in _overlapping(views, sightings):
        _join(first, second, zone, tolerance_mm)
    groups: dict[int, list[_Sighting]] = {}
    for one in (sighting for found in sightings for sighting in found):
        groups.setdefault(id(one.root()), []).append(one)
    return sorted((_merged(group) for group in groups.values()), key=lambda defect: -defect.area_px)


def _sightings(view: View, span_mm: tuple[float, float] | None) -> list[_Sighting]:
    outcome = view.settled.outcome
    found = []
    for defect in outcome.defects:
        box = view.on_strip(outcome.places.box(defect)) if outcome.places is not None else None
        if box is None or span_mm is None or (box.along_from < span_mm[1] and box.along_to > span_mm[0]):
            found.append(_Sighting(view, defect, box))
    return found


def _overlapping(
    views: Sequence[View], sightings: Sequence[list[_Sighting]]
) -> Iterator[tuple[list[_Sighting], list[_Sighting], StripBox]]:
    """What was found in each two frames that show the same of one face, and what both show. Each frame is compared only with those that it
    overlaps along the strip, because a sheet may be many frames long."""
    placed = []
    for view, found in zip(views, sightings, strict=True):
        places = view.settled.outcome.places
        if found and places is not None and (box := view.box) is not None:
            placed.append((box, places.face, found))
    placed.sort(key=lambda one: one[0].along_from)
    before: list[tuple[StripBox, str, list[_Sighting]]] = []
    for one in placed:
        box, face, found = one
        before = [other for other in before if other[0].along_to > box.along_from]
        for other_box, other_face, others in before:
            if face == other_face and (zone := box.common(other_box)) is not None:
                yield others, found, zone
        before.append(one)


def _join(first: Sequence[_Sighting], second: Sequence[_Sighting], zone: StripBox, tolerance_mm: float) -> None:
    there = [(one, part) for one in first if (part := _within(one, zone, tolerance_mm)) is not None]
    others = [(one, part) for one in second if (part := _within(one, zone, tolerance_mm)) is not None]
    for one, part in there:
        for other, other_part in others:
            if one.defect.class_name == other.defect.class_name and part.common(other_part) is not None:
                one.root().same_as = other.root()


def _within(sighting: _Sighting, zone: StripBox, tolerance_mm: float) -> StripBox | None:
    """The part of its box that is in ``zone``, each side half the tolerance further out; None where nothing is."""
    part = sighting.box.common(zone) if sighting.box is not None else None
    if part is None:
        return None
    half = tolerance_mm / 2
    return StripBox(part.x_from - half, part.x_to + half, part.along_from - half, part.along_to + half)


def _merged(group: Sequence[_Sighting]) -> SheetDefect:
    main, *others = sorted(group, key=lambda one: -one.defect.area_px)
    places = main.view.settled.outcome.places
    return SheetDefect(
        **msgspec.structs.asdict(main.defect),
        camera=main.view.camera,
        frame=main.view.frame,
        face=places.face if places is not None else "top",
        also_in=tuple(FrameOfCamera(camera=one.view.camera, frame=one.view.frame) for one in others[:MOST_SIGHTINGS]),
    )
