"""A run as one coil: its messages go in, its defects come out."""

from __future__ import annotations

from collections import Counter

import msgspec

from inspector.coil.coverage import CameraCoverage, coverage_of
from inspector.coil.frame import Frame
from inspector.coil.head import Head
from inspector.coil.joining import JoiningConfig
from inspector.coil.reading import BOXES, Event, Over, Reader
from inspector.coil.stitching import Found, Stitcher, View
from inspector.frames.coil import CoilDefect, Unknown
from inspector.protocol.codec import Packet

MOST_KEPT = 100_000
"""Findings of each kind that a coil keeps; what is more was given by ``Coil.feed``, and is counted."""


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What was found on a coil."""

    run: str
    line: str | None
    """None: no message of the run came."""
    head: Head
    ended: bool
    """Whether the run is over on every camera. Without its end it may go on, or the line was killed."""
    from_mm: float
    to_mm: float
    """What the frames of all cameras cover along the coil, unknown stretches included."""
    length_mm: float
    width_mm: float | None
    defects: tuple[CoilDefect, ...]
    """In order of their places along the coil."""
    unknowns: tuple[Unknown, ...]
    """Likewise."""
    unplaced: dict[str, int]
    """Defects of single frames that have no place on the coil, by class; ``notes`` say why."""
    coverage: tuple[CameraCoverage, ...]
    complete: bool
    """Whether every message of the run is here, as its ``end`` on every camera proves it."""
    notes: tuple[str, ...]
    """What could not be done, and why, a line each."""


class Coil:
    """The whole of a run."""

    def __init__(self, run: str, *, width_mm: float | None = None, joining: JoiningConfig | None = None) -> None:
        """``width_mm``: of the strip; None: not known."""
        self.run = run
        self._width_mm = width_mm
        self._reader = Reader(run)
        self._stitcher = Stitcher(joining, width_mm)
        self._defects: list[CoilDefect] = []
        self._unknowns: list[Unknown] = []
        self._left_out = 0
        self._finished = False

    @property
    def ended(self) -> bool:
        """Whether the run is over on every camera of which anything came. Messages may follow all the same, where the line goes on with the run."""
        return self._reader.ended

    @property
    def views(self) -> list[View]:
        """The cameras that have a place, and how far each has come. Not to be changed."""
        return list(self._stitcher.views.values())

    def feed(self, packet: Packet) -> list[Found]:
        """A message, of this run or any other, in the order of publication. Returns what is over by now: defects that cannot grow any more, and
        stretches that nobody inspected."""
        if self._finished:
            raise RuntimeError("the coil is finished")
        for event in self._reader.read(packet):
            self._happened(event)
        return self._taken()

    def finish(self) -> list[Found]:
        """Nothing more comes: what is still open is over. Returns it."""
        if not self._finished:
            self._finished = True
            for event in self._reader.finish():
                self._happened(event)
            self._stitcher.begun = self._reader.begun
            self._stitcher.finish(ended=self._reader.ended)
        return self._taken()

    @property
    def findings(self) -> Findings:
        """What is over so far; all of it once the coil is finished."""
        reader, stitcher = self._reader, self._stitcher
        spans = [view.track.span for view in stitcher.views.values() if view.track.span is not None]
        first, last = min((span[0] for span in spans), default=0.0), max((span[1] for span in spans), default=0.0)
        coverage = coverage_of(reader.books, stitcher.views, reader.faces)
        return Findings(
            run=self.run,
            line=reader.line,
            head=reader.heading.head,
            ended=reader.ended,
            from_mm=round(first, 3),
            to_mm=round(last, 3),
            length_mm=round(last - first, 3),
            width_mm=self._width_mm,
            defects=tuple(sorted(self._defects, key=lambda one: (one.area.from_mm, one.area.x_from_mm))),
            unknowns=tuple(sorted(self._unknowns, key=lambda one: (one.area.from_mm, one.area.x_from_mm))),
            unplaced=dict(reader.unplaced),
            coverage=coverage,
            complete=bool(coverage) and all(one.complete for one in coverage),
            notes=self._notes(),
        )

    def _happened(self, event: Event) -> None:
        stitcher = self._stitcher
        stitcher.begun = self._reader.begun
        if isinstance(event, Over):
            stitcher.settle(event.camera)
            return
        self._tell_cameras()
        if isinstance(event, Frame):
            stitcher.see(event)
        elif event.camera in stitcher.views:
            stitcher.lose(event)

    def _tell_cameras(self) -> None:
        for camera, layout in self._reader.new_layouts():
            if (edges := layout.edges) is not None:
                self._stitcher.camera(camera, layout.face, edges.x_from_mm, edges.x_to_mm)

    def _taken(self) -> list[Found]:
        found = self._stitcher.take()
        for one in found:
            kept: list[CoilDefect] | list[Unknown] = self._defects if isinstance(one, CoilDefect) else self._unknowns
            if len(kept) < MOST_KEPT:
                kept.append(one)  # type: ignore[arg-type]
            else:
                self._left_out += 1
        return found

    def _notes(self) -> tuple[str, ...]:
        reader, stitcher = self._reader, self._stitcher
        notes = [f"{count} frames are not placed on the coil: {why}" for why, count in reader.notes.most_common()]
        if reader.masks_missing:
            notes.append(BOXES)
        if not reader.begun:
            notes.append("the start of the run is not there: what lies before the first frame is not known")
        times = max(Counter(books.camera for books in reader.books).values(), default=0)
        if times > 1:
            notes.append(
                f"the run was begun {times} times: the daemon was started again, or several runs have this name"
            )
        if stitcher.lost_unplaced:
            notes.append(f"{stitcher.lost_unplaced} frames were not inspected, and their place is not known")
        if stitcher.seen_again:
            notes.append(
                f"{stitcher.seen_again} frames show only what frames before them showed, and are not counted again"
            )
        if stitcher.given_up:
            notes.append(
                f"{stitcher.given_up} regions in the overlap of cameras were counted without waiting for the camera beside"
            )
        if self._left_out:
            notes.append(f"{self._left_out} further findings are not listed")
        return tuple(notes)
