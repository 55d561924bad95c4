"""A sheet is the frames with one number, of cameras that are triggered together. Its number is theirs.

Where a camera was away and nobody knows how many frames it missed, its numbers are no longer those of the others: no sheet passes from then on.
"""

from __future__ import annotations

from collections.abc import Iterable

from inspector.frames.outcome import Reason, Settled
from inspector.sheets.combining import Sheet
from inspector.sheets.gathering import MOST_AT_ONCE, Ending, Gathering
from inspector.sheets.overlap import View

_ASTRAY = (
    "it missed frames, and how many is not known: its numbers are no longer those of the others; start the line again"
)


class ByFrame(Gathering[Sheet]):
    """Verdicts may come in any order."""

    def __init__(self, cameras: Iterable[str], deadline_ns: int | None) -> None:
        super().__init__(cameras, deadline_ns)
        self._astray: dict[str, int] = {}
        """By camera: from this frame on its numbers are not those of the others."""

    def add(self, settled: Settled) -> list[Ending]:
        """See ``Gathering``."""
        first, last = settled.meta.frame, settled.meta.frame + settled.count - 1
        if settled.meta.uncounted and len(self.cameras) > 1:
            self._astray.setdefault(settled.meta.camera, first)
        if settled.count > MOST_AT_ONCE:
            return self._skip(settled, first, last)
        endings = []
        for begin, end in self.closed.missing(first, last):
            for number in range(begin, end + 1):
                sheet = self._take(number, settled)
                if not self._missing(sheet):
                    endings.append(self._end(sheet, Reason.CAMERA_LOST))
        return endings

    def run_over(self, run: str, next_run: str | None) -> list[Ending]:
        """A run may begin between the frames of two cameras: sheets that wait for one belong to the next run then."""
        if next_run is None:
            return super().run_over(run, next_run)
        for sheet in self._open.values():
            if sheet.run == run:
                sheet.run = next_run
        return []

    def _missing(self, sheet: Sheet) -> dict[str, str]:
        return {camera: text for camera, text in super()._missing(sheet).items() if camera not in sheet.lost}

    def _take(self, number: int, settled: Settled) -> Sheet:
        meta = settled.meta
        sheet = self._open.get(number)
        if sheet is None:
            sheet = self._open[number] = Sheet(number, meta.run)
        sheet.run = meta.run or sheet.run
        self._due_from(sheet, meta.captured_ns)
        if settled.outcome.reason is Reason.CAMERA_LOST:
            sheet.lost[meta.camera] = settled.outcome.detail or "the frame is lost"
        else:
            sheet.see(View(settled, 0.0))
            if meta.frame >= self._astray.get(meta.camera, meta.frame + 1):
                sheet.lost[meta.camera] = _ASTRAY
        return sheet

    def _skip(self, settled: Settled, first: int, last: int) -> list[Ending]:
        detail = f"{settled.meta.camera}: {settled.outcome.detail}"
        ranges = self.closed.missing(first, last)
        return [self._end_range(begin, end, settled.meta.run, detail) for begin, end in ranges]
