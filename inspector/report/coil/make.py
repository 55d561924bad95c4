"""Makes the report of a run: what was found on its coil, the roll marks in it, the grade, the cut list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from inspector.coil.coil import Findings
from inspector.coil.config import CoilConfig
from inspector.coil.coverage import CameraCoverage
from inspector.coil.cutting import cut_list
from inspector.coil.grading import grade
from inspector.coil.intervals import Stretch, between
from inspector.coil.roll_marks import Point, find
from inspector.frames.coil import Area, CoilDefect, Face, RollMark, Unknown
from inspector.report.coil.content import CameraProof, CoilReport, report_of


def made(
    findings: Findings,
    config: CoilConfig,
    marks: Sequence[RollMark] | None = None,
    notes: Sequence[str] = (),
) -> CoilReport:
    """The report of what was found on a coil. ``marks``: the roll marks that are known already; None: they are looked for."""
    coil: Stretch | None = (findings.from_mm, findings.to_mm) if findings.length_mm > 0 else None
    if marks is None and config.roll_marks is not None:
        marks = find(list(points(findings.defects)), inspected(findings), config.roll_marks, config.rolls)
    known = tuple(marks or ())
    grading = config.grading
    graded = grading is not None and coil is not None
    return report_of(
        findings.run,
        findings.line or "",
        findings.head,
        [_proof(one) for one in findings.coverage],
        findings.defects,
        findings.unknowns,
        coil=coil,
        width_mm=findings.width_mm,
        grade=grade(grading, coil, findings.defects, findings.unknowns, known) if graded else None,  # type: ignore[arg-type]
        cuts=cut_list(grading, coil, findings.defects, findings.unknowns, known) if graded else None,  # type: ignore[arg-type]
        roll_marks=marks,
        notes=(*findings.notes, *_unplaced(findings), *notes),
    )


def points(defects: Iterable[CoilDefect]) -> Iterable[Point]:
    """The defects as the search for roll marks takes them."""
    for one in defects:
        yield Point(one.class_name, one.area.face, one.x_mm, one.along_mm)


def inspected(findings: Findings) -> list[Area]:
    """The stretches that each camera inspected, in order along the coil."""
    areas: list[Area] = []
    for camera in findings.coverage:
        areas += inspected_by(camera, findings.unknowns)
    return sorted(areas, key=lambda area: area.from_mm)


def inspected_by(camera: CameraCoverage, unknowns: Iterable[Unknown]) -> Iterable[Area]:
    """The stretches that a camera inspected."""
    face, first, last, x_from, x_to = camera.face, camera.from_mm, camera.to_mm, camera.x_from_mm, camera.x_to_mm
    if face is None or first is None or last is None or x_from is None or x_to is None:
        return
    yield from seen(face, (x_from, x_to), (first, last), unknowns)


def seen(face: Face, across: Stretch, along: Stretch, unknowns: Iterable[Unknown]) -> Iterator[Area]:
    """What of a stretch along the coil was inspected by a camera that sees ``across`` of this face."""
    unseen = [
        (one.area.from_mm, one.area.to_mm)
        for one in unknowns
        if one.area.face == face and one.area.x_from_mm < across[1] and one.area.x_to_mm > across[0]
    ]
    for begin, end in between(unseen, along):
        yield Area(face=face, from_mm=begin, to_mm=end, x_from_mm=across[0], x_to_mm=across[1])


def _proof(camera: CameraCoverage) -> CameraProof:
    return CameraProof(
        camera=camera.camera,
        face=camera.face or "top",
        frames=camera.frames,
        verdicts={verdict.value: count for verdict, count in camera.verdicts.items()},
        reasons={reason.value: count for reason, count in camera.reasons.items()},
        told=camera.told,
        complete=camera.complete,
    )


def _unplaced(findings: Findings) -> list[str]:
    if not findings.unplaced:
        return []
    counts = ", ".join(f"{count} {name}" for name, count in sorted(findings.unplaced.items()))
    return [f"defects without a place on the coil, which are in no figure of this report: {counts}"]
