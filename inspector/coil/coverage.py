"""How much of a run was inspected, and whether all that was said of it is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from inspector.coil.books import Books
from inspector.coil.stitching import View
from inspector.frames.coil import Face
from inspector.frames.outcome import Reason, Verdict


class CameraCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """What one camera saw of the coil."""

    camera: str
    face: Face | None
    """None: it was not said."""
    x_from_mm: float | None
    x_to_mm: float | None
    from_mm: float | None
    """Where its frames begin, those that were not inspected too; None: nothing was placed."""
    to_mm: float | None
    inspected_mm: float
    """How much along the coil it inspected, each place once."""
    unknown_mm: float
    """How much within its run it did not, as far as the place is known."""
    frames: int
    """Frames of the run that are told of, lost ones too."""
    told: int | None
    """Those that its ``end`` says there were, or several where the line was started again; None: one is not there."""
    verdicts: dict[Verdict, int]
    reasons: dict[Reason, int]
    missing: int
    """Frames of which no message says anything."""
    complete: bool
    """Whether an ``end`` is there for each time that the line ran, and says what was counted."""


def coverage_of(books: Iterable[Books], views: dict[str, View], faces: dict[str, Face]) -> tuple[CameraCoverage, ...]:
    """By camera, in order of their names."""
    by_camera: dict[str, list[Books]] = {}
    for one in books:
        by_camera.setdefault(one.camera, []).append(one)
    return tuple(_camera(name, by_camera[name], views.get(name), faces.get(name)) for name in sorted(by_camera))


def _camera(name: str, books: list[Books], view: View | None, face: Face | None) -> CameraCoverage:
    verdicts: Counter[Verdict] = Counter()
    reasons: Counter[Reason] = Counter()
    for one in books:
        verdicts.update(one.verdicts)
        reasons.update(one.reasons)
    ends = [one.end for one in books if one.end is not None]
    span = view.track.span if view else None
    return CameraCoverage(
        camera=name,
        face=face,
        x_from_mm=view.x_from_mm if view else None,
        x_to_mm=view.x_to_mm if view else None,
        from_mm=round(span[0], 3) if span else None,
        to_mm=round(span[1], 3) if span else None,
        inspected_mm=round(view.track.seen_mm, 3) if view else 0.0,
        unknown_mm=round(span[1] - span[0] - view.track.seen_mm, 3) if view and span else 0.0,
        frames=sum(one.frames for one in books),
        told=None if len(ends) < len(books) else sum(end.frames for end in ends),
        verdicts=dict(verdicts),
        reasons=dict(reasons),
        missing=sum(one.missing for one in books),
        complete=all(one.complete for one in books),
    )
