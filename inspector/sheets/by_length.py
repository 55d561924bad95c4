"""A sheet is a length of the strip: from ``i * length`` to ``(i + 1) * length`` of its position. Each camera must have seen all of it.

A run cuts sheets: its first one begins with its first frame, its last one ends with its last frame. The frames of two cameras do not begin at the same
place, so that at either end of a run a camera may have seen up to a frame less of the strip than another one. Where the strip runs back over sheets that
have their verdict, these keep it. Frames without a position, or of no run, are of no sheet.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from inspector.frames.outcome import Reason, Settled, Verdict
from inspector.sheets.combining import Sheet
from inspector.sheets.gathering import MOST_AT_ONCE, Ending, Gathering, InOrder
from inspector.sheets.overlap import View


@dataclass(slots=True)
class _Length(Sheet):
    index: int = 0
    """It begins at ``index`` lengths of the strip."""
    cut: bool = False
    """A camera has left the run."""
    seen_from: dict[str, float] = field(default_factory=dict)
    seen_to: dict[str, float] = field(default_factory=dict)
    """By camera, mm along the strip."""
    holes: set[str] = field(default_factory=set)
    """Cameras that have not seen all in between."""
    latest: dict[str, tuple[float, Verdict]] = field(default_factory=dict)
    """By camera: position, mm, and verdict of its last frame that was added."""


@dataclass(slots=True)
class _Run:
    last: int
    """Index of the last sheet that was opened."""
    numbers: dict[int, int] = field(default_factory=dict)
    """Of the open sheets, by index."""
    begun: dict[str, float] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)
    """Where each camera has begun to see the strip, and how far it has seen it, mm."""


class ByLength(Gathering[_Length]):
    """A sheet is over for a camera that has seen all of it, or a frame behind it."""

    def __init__(self, cameras: Iterable[str], deadline_ns: int | None, length_mm: float, unseen_mm: float) -> None:
        """``unseen_mm`` of the strip may be unseen between two frames."""
        super().__init__(cameras, deadline_ns)
        self._length_mm = length_mm
        self._unseen_mm = unseen_mm
        self._in_order = InOrder()
        self._runs: dict[str, _Run] = {}
        self._numbers = 0
        self._frame_mm = dict.fromkeys(self.cameras, 0.0)
        """Length of the last frame of each camera."""

    def add(self, settled: Settled) -> list[Ending]:
        """See ``Gathering``."""
        return [ending for one in self._in_order.take(settled) for ending in self._frame(one)]

    def run_over(self, run: str, next_run: str | None) -> list[Ending]:
        """See ``Gathering``."""
        self._cut(run)
        endings = super().run_over(run, next_run)
        self._runs.pop(run, None)
        return endings

    def close(self) -> list[Ending]:
        """See ``Gathering``."""
        for run in self._runs:
            self._cut(run)
        return super().close()

    def _cut(self, run: str) -> None:
        for sheet in self._open.values():
            sheet.cut = sheet.cut or sheet.run == run

    def _frame(self, settled: Settled) -> list[Ending]:
        meta = settled.meta
        endings = self._leave_runs(meta.camera, meta.run, meta.captured_ns)
        if meta.position_um is None or settled.outcome.reason is Reason.CAMERA_LOST or not meta.run:
            return endings
        along_mm = meta.position_um / 1000
        view = View(settled, along_mm)
        box = view.box
        if box is not None:
            begin, end = box.along_from, box.along_to
            self._frame_mm[meta.camera] = end - begin
        else:
            begin, end = along_mm, along_mm + self._frame_mm[meta.camera]
        first = math.floor(begin / self._length_mm)
        run = self._runs.setdefault(meta.run, _Run(first - 1))
        for index in range(first, max(first + 1, math.ceil(end / self._length_mm))):
            endings += self._open_through(meta.run, run, index)
            if (number := run.numbers.get(index)) is not None:
                self._see(self._open[number], view, along_mm)
                if box is not None:
                    self._cover(self._open[number], meta.camera, begin, end)
        if box is not None:
            run.begun.setdefault(meta.camera, begin)
            run.ended[meta.camera] = max(end, run.ended.get(meta.camera, end))
        of_run = [self._open[number] for number in run.numbers.values()]
        passed = [one for one in of_run if self._is_passed(one, meta.camera, begin)]
        return endings + self._pass(meta.camera, passed, meta.captured_ns)

    def _leave_runs(self, camera: str, run: str, ns: int) -> list[Ending]:
        """A camera shows nothing more of the runs that it was in before ``run``."""
        left = [sheet for sheet in self._open.values() if sheet.run != run and camera in self._runs[sheet.run].begun]
        for sheet in left:
            sheet.cut = True
        return self._pass(camera, left, ns) if left else []

    def _is_passed(self, sheet: _Length, camera: str, begin: float) -> bool:
        """Whether the camera, whose frame begins at ``begin``, has seen all of the sheet, or is behind it."""
        end = (sheet.index + 1) * self._length_mm
        whole = camera not in sheet.holes and sheet.seen_to.get(camera, -math.inf) >= end - self._unseen_mm
        return whole or begin >= end

    def _open_through(self, name: str, run: _Run, index: int) -> list[Ending]:
        """Open the sheets up to ``index``, those that no camera has shown too; where they are many, end these as one."""
        endings = []
        between = index - run.last - 1
        if between > MOST_AT_ONCE:
            first, last = self._numbers, self._numbers + between - 1
            self._numbers += between
            run.last += between
            detail = f"no camera has seen {between * self._length_mm / 1000:.6g} m of the strip"
            endings.append(self._end_range(first, last, name, detail))
        while run.last < index:
            run.last += 1
            run.numbers[run.last] = self._numbers
            span_mm = (run.last * self._length_mm, (run.last + 1) * self._length_mm)
            self._open[self._numbers] = _Length(self._numbers, name, span_mm=span_mm, index=run.last)
            self._numbers += 1
        return endings

    def _end(self, sheet: _Length, why: Reason) -> Ending:
        ending = super()._end(sheet, why)
        self._runs[sheet.run].numbers.pop(sheet.index, None)
        return ending

    def _see(self, sheet: _Length, view: View, along_mm: float) -> None:
        """Add a frame, unless it shows what the one before showed, with the same verdict: a strip at rest would fill the memory."""
        verdict = view.settled.outcome.verdict
        before_mm, before = sheet.latest.get(view.camera, (math.inf, verdict))
        if before is not verdict or abs(along_mm - before_mm) > self._unseen_mm:
            sheet.latest[view.camera] = along_mm, verdict
            sheet.see(view)

    def _cover(self, sheet: _Length, camera: str, begin: float, end: float) -> None:
        seen_to = sheet.seen_to.get(camera)
        if seen_to is None:
            sheet.seen_from[camera] = begin
        elif begin > seen_to + self._unseen_mm:
            sheet.holes.add(camera)
        sheet.seen_to[camera] = max(end, seen_to or end)

    def _missing(self, sheet: _Length) -> dict[str, str]:
        run, start_mm = self._runs[sheet.run], sheet.index * self._length_mm
        begun = min(run.begun.values(), default=-math.inf)
        ended = max(run.ended.values(), default=math.inf) if sheet.cut else math.inf
        found = {}
        for camera in self.cameras:
            spare = self._unseen_mm + self._frame_mm[camera]
            # A camera that began, or ended, more than a frame away from the others is spared nothing.
            first = begun + (spare if run.begun.get(camera, math.inf) <= begun + spare else self._unseen_mm)
            last = ended - (spare if run.ended.get(camera, -math.inf) >= ended - spare else self._unseen_mm)
            first = max(first, start_mm + self._unseen_mm)
            last = min(last, start_mm + self._length_mm - self._unseen_mm)
            if camera not in sheet.seen_to:
                if first <= last:
                    found[camera] = "it has seen nothing of this sheet"
            elif camera in sheet.holes:
                found[camera] = "it has not seen all of this sheet"
            elif sheet.seen_from[camera] > first or sheet.seen_to[camera] < last:
                seen = f"{sheet.seen_from[camera] - start_mm:.6g} to {sheet.seen_to[camera] - start_mm:.6g} mm"
                found[camera] = f"it has seen {seen} of this sheet"
        return found
