"""The last frames of a line that were not passed, for a person who looks."""

from __future__ import annotations

from collections import deque

from inspector.frames.clock import unix_ns
from inspector.frames.outcome import Reason, Settled, Verdict
from inspector.protocol.line_report import RejectReport

MOST = 10


class LastRejects:
    """The last frames that were not passed. ``settled`` from one thread at a time, ``newest_first`` from any."""

    def __init__(self) -> None:
        self._last: deque[Settled] = deque(maxlen=MOST)
        self._lost_up_to: dict[str, int] = {}
        """By camera: the frame after those that it lost last."""

    def settled(self, settled: Settled) -> None:
        """Keep what a verdict is about, where it is no PASS."""
        if settled.outcome.verdict is Verdict.PASS or self._goes_on(settled):
            return
        self._last.append(settled)

    def _goes_on(self, settled: Settled) -> bool:
        """Whether these lost frames follow others that are lost: a camera that is away would push everything else out."""
        if settled.outcome.reason is not Reason.CAMERA_LOST:
            return False
        camera, first = settled.meta.camera, settled.meta.frame
        goes_on = self._lost_up_to.get(camera) == first
        self._lost_up_to[camera] = first + settled.count
        return goes_on

    def newest_first(self) -> list[RejectReport]:
        """As they are told."""
        return [_told(settled) for settled in reversed(self._last.copy())]


def _told(settled: Settled) -> RejectReport:
    meta, outcome = settled.meta, settled.outcome
    return RejectReport(
        camera=meta.camera,
        frame=meta.frame,
        run=meta.run or None,
        verdict=outcome.verdict,
        reason=outcome.reason,
        detail=outcome.detail or ", ".join(sorted({defect.class_name for defect in outcome.defects})),
        captured_unix_ns=unix_ns(meta.captured_ns),
    )
