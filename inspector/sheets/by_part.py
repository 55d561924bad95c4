"""A sheet is the frames with one id of the part: from the camera's counter, or told by ``inspector ctl part``. Frames without an id are of no sheet.

A frame that was lost, or did not arrive whole, has no id where the camera sends it: it may be of the part before it or of the one after it, so
neither passes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from inspector.frames.outcome import Reason, Settled
from inspector.sheets.combining import Sheet
from inspector.sheets.gathering import MOST_AT_ONCE, Ending, Gathering, InOrder
from inspector.sheets.overlap import View

_Key = tuple[str, str]
"""Run and part."""
_WITHOUT_ID = (Reason.CAMERA_LOST, Reason.BAD_FRAME)
"""Frames that may have had an id which did not arrive."""


@dataclass(slots=True)
class _Part(Sheet):
    taken: dict[str, int] = field(default_factory=dict)
    """Frames by camera, lost ones too."""


@dataclass(slots=True)
class _Camera:
    """Where one camera is."""

    key: _Key = ("", "")
    sheet: _Part | None = None
    """None between parts, and in one that has its verdict already."""
    last: int = -1
    """Number of the last sheet that it was in."""
    ended: deque[_Key] = field(default_factory=lambda: deque(maxlen=MOST_AT_ONCE))
    """Parts that ended before it came to them."""
    unsure: str = ""
    """What is known of frames just before the next one, of which no id is known."""


class ByPart(Gathering[_Part]):
    """A part is over for a camera with its frames, where their number is known, else when the camera shows another part."""

    def __init__(self, cameras: Iterable[str], deadline_ns: int | None, frames: int | None = None) -> None:
        """``frames`` of each camera are a part; None: any number."""
        super().__init__(cameras, deadline_ns)
        self._frames = frames
        self._in_order = InOrder()
        self._at = {camera: _Camera() for camera in self.cameras}
        self._numbers = 0

    def add(self, settled: Settled) -> list[Ending]:
        """See ``Gathering``."""
        return [ending for one in self._in_order.take(settled) for ending in self._frame(one)]

    def run_over(self, run: str, next_run: str | None) -> list[Ending]:
        """See ``Gathering``."""
        self._all_over(run)
        return super().run_over(run, next_run)

    def close(self) -> list[Ending]:
        """See ``Gathering``."""
        self._all_over(None)
        return super().close()

    def _all_over(self, run: str | None) -> None:
        """No camera shows a further frame of the parts of ``run``; None: of any."""
        for sheet in self._open.values():
            if run is None or sheet.run == run:
                sheet.over.update(self.cameras)

    def _frame(self, settled: Settled) -> list[Ending]:
        meta = settled.meta
        at, key = self._at[meta.camera], (meta.run, meta.part)
        endings: list[Ending] = []
        if not meta.part and settled.outcome.reason in _WITHOUT_ID:
            at.unsure = settled.outcome.detail or "frames are lost"
            if at.sheet is not None:
                at.sheet.lost[meta.camera] = at.unsure
            return endings
        if key != at.key:
            at.key, before = key, at.sheet
            at.sheet = self._enter(at, key) if meta.part else None
            if at.unsure and at.sheet is not None:
                at.sheet.lost[meta.camera] = at.unsure
            passed = [
                one for one in self._open.values() if one is before or (at.sheet and one.number < at.sheet.number)
            ]
            endings += self._pass(meta.camera, passed, meta.captured_ns)
        at.unsure = ""
        sheet = at.sheet
        if sheet is None or sheet.number not in self._open or meta.camera in sheet.over:
            return endings
        sheet.taken[meta.camera] = sheet.taken.get(meta.camera, 0) + settled.count
        if settled.outcome.reason is Reason.CAMERA_LOST:
            sheet.lost[meta.camera] = settled.outcome.detail or "frames are lost"
        else:
            sheet.see(View(settled, self._along_mm(meta.position_um)))
        if self._frames is not None and sheet.taken[meta.camera] >= self._frames:
            endings += self._pass(meta.camera, [sheet], meta.captured_ns)
        return endings

    def _along_mm(self, position_um: int | None) -> float | None:
        """Where a frame is. Frames of one trigger are at one place, wherever that is."""
        if position_um is not None:
            return position_um / 1000
        return 0.0 if self._frames == 1 else None

    def _enter(self, at: _Camera, key: _Key) -> _Part | None:
        if key in at.ended:
            while at.ended.popleft() != key:
                pass
            return None
        for sheet in self._open.values():
            if (sheet.run, sheet.part) == key and sheet.number > at.last:
                at.last = sheet.number
                return sheet
        sheet = self._open[self._numbers] = _Part(self._numbers, *key)
        at.last = self._numbers
        self._numbers += 1
        return sheet

    def _end(self, sheet: _Part, why: Reason) -> Ending:
        for at in self._at.values():
            if at.last < sheet.number:
                at.ended.append((sheet.run, sheet.part))
        return super()._end(sheet, why)

    def _missing(self, sheet: _Part) -> dict[str, str]:
        found = {}
        for camera in self.cameras:
            taken = sheet.taken.get(camera, 0)
            if not taken:
                found[camera] = "no frame of this part"
            elif self._frames is not None and taken < self._frames:
                found[camera] = f"{taken} of {self._frames} frames"
            elif camera not in sheet.over:
                found[camera] = "it has not shown the end of the part"
        return found
