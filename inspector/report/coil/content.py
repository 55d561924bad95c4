"""What the report of a coil says. It is the JSON; page, PDF and CSV show the same."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from inspector.coil.cutting import CutList
from inspector.coil.grading import Grade
from inspector.coil.head import Head
from inspector.coil.intervals import Stretch, length, within
from inspector.frames.coil import CoilDefect, RollMark, Unknown

SIZES_MM = (10.0, 100.0, 1000.0)
"""Between these lengths defects are counted."""
SIZE_NAMES = ("< 10 mm", "10-100 mm", "0.1-1 m", ">= 1 m")
WORST = 10
MOST_UNKNOWN = 200
MOST_DEFECTS = 200_000
"""Listed in JSON and CSV, the largest first. All are counted."""


class CameraProof(msgspec.Struct, frozen=True, kw_only=True):
    """The frames of one camera: whether each has its one verdict."""

    camera: str
    face: str
    frames: int
    """With a verdict in what the report was made of."""
    verdicts: dict[str, int]
    reasons: dict[str, int]
    told: int | None
    """That the line's ``end`` of the run says there were; None: there is no ``end`` yet."""
    complete: bool
    """Whether no verdict is missing and none is there twice, as the ``end`` proves it."""


class ClassCount(msgspec.Struct, frozen=True, kw_only=True):
    """The defects of one class."""

    class_name: str = msgspec.field(name="class")
    count: int
    by_size: tuple[int, ...]
    """By length, between ``SIZES_MM``."""
    per_100m: float | None
    length_m: float
    """Of the coil that has such defects; what several cover counts once."""
    area_m2: float
    longest_mm: float


class CoilReport(msgspec.Struct, frozen=True, kw_only=True):
    """All that is told of a coil."""

    run: str
    line: str
    head: Head
    from_mm: float
    to_mm: float
    """What the frames cover along the coil; both 0 where no frame has a place."""
    width_mm: float | None
    grade: Grade | None
    """None: the configuration has no grading, or the coil has no length."""
    cuts: CutList | None
    classes: tuple[ClassCount, ...]
    worst: tuple[CoilDefect, ...]
    defects: tuple[CoilDefect, ...]
    defects_in_all: int
    roll_marks: tuple[RollMark, ...]
    roll_marks_sought: bool
    """Whether anybody looked for them."""
    unknowns: tuple[Unknown, ...]
    """The longest ones first, at most ``MOST_UNKNOWN``."""
    unknowns_in_all: int
    uninspected_mm: float
    """Of the coil's length, where either face was not seen throughout; each place once."""
    cameras: tuple[CameraProof, ...]
    notes: tuple[str, ...]
    """What could not be done, and what limits these figures; for a person."""

    @property
    def length_mm(self) -> float | None:
        """None: where frames are along the coil is not known."""
        return self.to_mm - self.from_mm or None

    @property
    def complete(self) -> bool:
        """Whether every frame of every camera has its one verdict in this report."""
        return bool(self.cameras) and all(camera.complete for camera in self.cameras)


def report_of(
    run: str,
    line: str,
    head: Head,
    cameras: Sequence[CameraProof],
    defects: Sequence[CoilDefect],
    unknowns: Sequence[Unknown],
    *,
    coil: Stretch | None,
    width_mm: float | None = None,
    grade: Grade | None = None,
    cuts: CutList | None = None,
    roll_marks: Sequence[RollMark] | None = None,
    notes: Sequence[str] = (),
) -> CoilReport:
    """The report of these findings on a coil that lies from ``coil[0]`` to ``coil[1]``, mm; None: nothing has a place. ``roll_marks`` None: nobody
    looked for them."""
    largest = sorted(defects, key=lambda one: -one.area_mm2)
    longest = sorted(unknowns, key=lambda one: one.area.from_mm - one.area.to_mm)
    bounds = coil or (0.0, 0.0)
    uninspected = length(within(((one.area.from_mm, one.area.to_mm) for one in unknowns), bounds))
    names = sorted({one.class_name for one in defects})
    told = list(notes)
    if len(defects) > MOST_DEFECTS:
        told.append(f"{len(defects):,} defects; the {MOST_DEFECTS:,} largest are listed, all are counted.")
    return CoilReport(
        run=run,
        line=line,
        head=head,
        from_mm=bounds[0],
        to_mm=bounds[1],
        width_mm=width_mm,
        grade=grade,
        cuts=cuts,
        classes=tuple(_class_count(name, defects, bounds[1] - bounds[0] - uninspected) for name in names),
        worst=tuple(largest[:WORST]),
        defects=tuple(largest[:MOST_DEFECTS]),
        defects_in_all=len(defects),
        roll_marks=tuple(roll_marks or ()),
        roll_marks_sought=roll_marks is not None,
        unknowns=tuple(longest[:MOST_UNKNOWN]),
        unknowns_in_all=len(unknowns),
        uninspected_mm=uninspected,
        cameras=tuple(cameras),
        notes=tuple(told),
    )


def size_index(length_mm: float) -> int:
    """Which of ``SIZE_NAMES`` a defect of that length is."""
    return sum(length_mm >= bound for bound in SIZES_MM)


def _class_count(name: str, defects: Sequence[CoilDefect], seen_mm: float) -> ClassCount:
    chosen = [one for one in defects if one.class_name == name]
    by_size = [0] * len(SIZE_NAMES)
    for one in chosen:
        by_size[size_index(one.length_mm)] += 1
    return ClassCount(
        class_name=name,
        count=len(chosen),
        by_size=tuple(by_size),
        per_100m=len(chosen) * 100_000 / seen_mm if seen_mm > 0 else None,
        length_m=length((one.area.from_mm, one.area.to_mm) for one in chosen) / 1000,
        area_m2=sum(one.area_mm2 for one in chosen) / 1e6,
        longest_mm=max(one.length_mm for one in chosen),
    )
