"""Makes a coil of a run, in a process of its own (``worker.py``).

Its messages: ``h`` the head (JSON), ``b`` the arrays, ``f`` facts of defects, some at a time, ``m`` when the map has all that it needs, and ``j`` the judgement
(JSON), which may take longer than all before; or ``r`` the report.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from inspector.coil.coil import Coil, Findings
from inspector.coil.config import CoilConfig
from inspector.coil.coverage import CameraCoverage
from inspector.coil.cutting import CutList
from inspector.coil.grading import Grade
from inspector.coil.head import Head
from inspector.coil.intervals import length, within
from inspector.coil.load import load_coil
from inspector.errors import UserError
from inspector.frames.coil import Face, RollMark
from inspector.frames.outcome import Reason, Verdict
from inspector.protocol.codec import MalformedError
from inspector.protocol.messages import ChangeBody, ResultBody, StartBody
from inspector.report.coil.content import CoilReport
from inspector.report.coil.make import made
from inspector.results.journal_reader import JournalReader
from inspector.view.coils.arrays import (
    REASONS,
    VERDICTS,
    ArrayPlace,
    DefectFacts,
    Facts,
    Seen,
    across,
    arrays_of,
    faces_of,
    packed,
)
from inspector.view.coils.runs import Run
from inspector.view.worker import PROGRESS, Progress, Tell, run_worker

_EVERY = 500
"""Rows between two words on how far it is."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be made."""

    journal: str
    run: Run
    config: str | None
    """The line's `coil.yaml`; None: no grades, and roll marks are searched as they are by default."""
    archive: str | None = None
    """Where pictures for the report are."""
    report: bool
    """Make the report instead of the map."""


class CoilHead(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a coil, without its defects."""

    run: Run
    head: Head
    ended: bool
    complete: bool
    """Whether every frame has its one verdict, as the ends of the run prove it."""
    from_mm: float
    to_mm: float
    x_from_mm: float
    x_to_mm: float
    """What a map shows across the strip."""
    width_mm: float | None
    faces: tuple[Face, ...]
    classes: tuple[str, ...]
    defects: int
    verdicts: tuple[Verdict, ...]
    reasons: tuple[Reason, ...]
    """What the numbers in the arrays stand for."""
    uninspected_mm: float
    """Of its length, where any camera did not see it; each place once."""
    coverage: tuple[CameraCoverage, ...]
    notes: tuple[str, ...]
    arrays: tuple[ArrayPlace, ...]
    bytes: int


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What is made of the defects of a coil."""

    roll_marks: tuple[RollMark, ...]
    roll_marks_sought: bool
    grade: Grade | None
    """None: the viewer knows no grading of this line."""
    cuts: CutList | None
    notes: tuple[str, ...]
    """Those of the head too."""


def main() -> None:
    """Entry point of the process."""
    run_worker(Job, make)


def make(job: Job, tell: Tell) -> None:
    """Do the job. Raises UserError and FileError."""
    try:
        _make(job, tell)
    except MalformedError as error:
        raise UserError(f"journal {job.journal}: a row has been altered: {error}") from None


def _make(job: Job, tell: Tell) -> None:
    config = CoilConfig() if job.config is None else load_coil(Path(job.config))
    reading = _Reading(job, config)
    for progress in reading.steps():
        tell(PROGRESS, msgspec.json.encode(progress))
    findings = reading.coil.findings
    if findings.line is None:
        raise UserError(f"the journal holds nothing of the run {job.run.name!r} any more")
    if job.report:
        tell(b"r", _page(made(findings, config), job.archive).encode())
    else:
        _tell_map(job.run, reading, findings, tell)
        report = made(findings, config)
        judgement = Judgement(
            roll_marks=report.roll_marks,
            roll_marks_sought=report.roll_marks_sought,
            grade=report.grade,
            cuts=report.cuts,
            notes=report.notes,
        )
        tell(b"j", msgspec.json.encode(judgement))


def _tell_map(run: Run, reading: _Reading, findings: Findings, tell: Tell) -> None:
    facts, classes = reading.facts(findings), reading.classes(findings)
    places, block = packed(arrays_of(findings, facts, classes, findings.unknowns))
    unseen = within(
        ((one.area.from_mm, one.area.to_mm) for one in findings.unknowns), (findings.from_mm, findings.to_mm)
    )
    head = CoilHead(
        run=run, head=findings.head, ended=findings.ended, complete=findings.complete,
        from_mm=findings.from_mm, to_mm=findings.to_mm, x_from_mm=across(findings)[0], x_to_mm=across(findings)[1],
        width_mm=findings.width_mm, faces=tuple(faces_of(findings)), classes=classes, defects=len(findings.defects),
        verdicts=VERDICTS, reasons=REASONS, uninspected_mm=length(unseen), coverage=findings.coverage,
        notes=findings.notes, arrays=tuple(places), bytes=len(block),
    )  # fmt: skip
    tell(b"h", msgspec.json.encode(head))
    tell(b"b", block)
    for chunk in Facts.of(facts).chunks:
        tell(b"f", chunk)
    tell(b"m", b"")


def _page(report: CoilReport, archive: str | None) -> str:
    from inspector.report.coil.archived import ArchivedPictures
    from inspector.report.coil.page import page
    from inspector.report.coil.write import drawn

    return page(report, *drawn(report, None if archive is None else ArchivedPictures(Path(archive), report)))


class _Reading:
    """The rows of a run, as they go into its coil."""

    def __init__(self, job: Job, config: CoilConfig) -> None:
        self._job = job
        self.coil = Coil(job.run.name, width_mm=config.width_mm)
        self._classes: dict[str, None] = {}
        self._seen: dict[tuple[str, int], list[Seen]] = {}

    def steps(self) -> Iterator[Progress]:
        """Read all of them; now and then, how far it is."""
        run = self._job.run
        with JournalReader(Path(self._job.journal)) as reader:
            last = run.through or max((row.id for row in reader.tail(1)), default=run.id)
            of = max(1, last - run.id)
            ids = run.id if run.began_unix_ns is not None else 0, last
            for count, row in enumerate(reader.walk(run=run.name, line=run.line, ids=ids)):
                packet = row.packet()
                self.coil.feed(packet)
                body = packet.body
                if isinstance(body, StartBody | ChangeBody):
                    self._classes |= dict.fromkeys(body.classes)
                elif isinstance(body, ResultBody) and (body.defects or body.mask is not None) and row.frame is not None:
                    seen = Seen(row.camera, row.frame, row.epoch, row.seq, body.verdict)
                    self._seen.setdefault((row.camera, row.frame), []).append(seen)
                if count % _EVERY == 0:
                    yield Progress(done=max(0, row.id - run.id), of=of)
        self.coil.finish()

    def facts(self, findings: Findings) -> list[DefectFacts]:
        """The defects with the frames that show them."""
        return [
            DefectFacts(
                defect=one,
                frames=tuple(seen for frame in one.frames for seen in self._seen.get((frame.camera, frame.frame), ())),
            )
            for one in findings.defects
        ]

    def classes(self, findings: Findings) -> tuple[str, ...]:
        """All classes, in the order of the bundles' bits, so that they have the same colours on every coil."""
        return tuple(self._classes | dict.fromkeys(sorted({one.class_name for one in findings.defects})))


if __name__ == "__main__":
    main()
