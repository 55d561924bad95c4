"""A sheet is the frames with one number, of cameras that are triggered together. Its number is theirs."""

from __future__ import annotations

from inspector.frames.outcome import Reason, Settled
from inspector.sheets.combining import Sheet
from inspector.sheets.gathering import MOST_AT_ONCE, Ending, Gathering
from inspector.sheets.overlap import View


class ByFrame(Gathering[Sheet]):
    """Verdicts may come in any order."""

    def add(self, settled: Settled) -> list[Ending]:
        """See ``Gathering``."""
        first, last = settled.meta.frame, settled.meta.frame + settled.count - 1
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
        return sheet

    def _skip(self, settled: Settled, first: int, last: int) -> list[Ending]:
        detail = f"{settled.meta.camera}: {settled.outcome.detail}"
        ranges = self.closed.missing(first, last)
        return [self._end_range(begin, end, settled.meta.run, detail) for begin, end in ranges]
