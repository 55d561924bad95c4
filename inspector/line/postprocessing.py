"""The end of a frame's path: a result becomes a verdict, the ledger keeps the first one, and the lease of the slot is released.

Clean frames are settled in the thread that received the result; frames the gate let through are judged in a thread pool, so that
they never delay the results that follow.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial

from inspector.frames.daemon_threads import DaemonThreads
from inspector.frames.leased_frame import LeasedFrame
from inspector.frames.leases import Holder
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import Outcome, Reason, Verdict
from inspector.frames.planes import SharedPlanes
from inspector.inference.dispatcher import Dispatcher
from inspector.inference.messages import InferenceResult
from inspector.line.judges import Judges
from inspector.line.observers import Observers
from inspector.verdicts.ledger import Ledger

log = logging.getLogger(__name__)

JUDGING = Holder("judging")
JUDGING_SHADOWS = Holder("judging of shadows", observer=True)


class Postprocessing:
    """Turns results of inference into verdicts."""

    def __init__(
        self,
        judges: Judges,
        ledger: Ledger,
        observers: Observers,
        late: Callable[[FrameMeta, Outcome], None],
        threads: int,
    ) -> None:
        """``late`` is called with a result whose frame already had its verdict; ``observers`` are shown each frame before its slot is freed."""
        self.judges = judges
        self._ledger = ledger
        self._observers = observers
        self._late = late
        self._threads = DaemonThreads(threads, "verdicts")

    def results(self, source: Dispatcher, results: Sequence[tuple[LeasedFrame, InferenceResult]]) -> None:
        """Take results of a bundle's engines. The leases of the frames are this object's from now on."""
        for frame, result in results:
            if result.let_through:
                frame.lease.pass_on(JUDGING_SHADOWS if frame.shadow else JUDGING)
                self._threads.submit(partial(self._process, source, frame, result))
            else:
                self._process(source, frame, result)

    def given_up(self, frames: Sequence[LeasedFrame], reason: Reason, detail: str) -> None:
        """Settle frames for which no result will come as UNINSPECTED, and release their leases."""
        outcome = Outcome(verdict=Verdict.UNINSPECTED, reason=reason, detail=detail)
        for frame in frames:
            self._finish(frame, outcome, None, inspected=False)

    def close(self, timeout_s: float) -> None:
        """Wait at most ``timeout_s`` for the frames that are being judged; those still queued get no verdict here."""
        # A mask full of single pixels takes a quarter of a second.
        if not self._threads.close(timeout_s):
            log.error("a frame that is being judged, or an observer, did not finish in time and was left behind")

    def _process(self, source: Dispatcher, frame: LeasedFrame, result: InferenceResult) -> None:
        outcome = self._judge(source, frame.meta, result)
        self._finish(frame, outcome, source.supervisor.masks if result.let_through else None, inspected=True)

    def _finish(self, frame: LeasedFrame, outcome: Outcome, masks: SharedPlanes | None, *, inspected: bool) -> None:
        """Settle the frame, show it to the observers and release its lease. An error with one frame is logged, so that the others still
        get their verdicts."""
        meta = frame.meta
        try:
            try:
                if not frame.shadow and not self._ledger.settle(meta.camera, meta.frame, outcome) and inspected:
                    self._late(meta, outcome)
            finally:
                self._observers.offer(frame, outcome, masks)
                frame.lease.release()
        except Exception:
            log.exception("frame %d of camera %s could not be finished", meta.frame, meta.camera)

    def _judge(self, source: Dispatcher, meta: FrameMeta, result: InferenceResult) -> Outcome:
        identity = source.identity
        try:
            judge = self.judges.of(meta.camera, identity)
            if not result.let_through:
                return judge.clean(result.gate_score)
            mask = source.supervisor.masks.view((result.slot, result.offset), identity.size)
            return judge.segmented(result.gate_score, mask, result.pixels, result.scores)
        except ValueError as error:  # the engines contradict themselves, perhaps on every frame: no traceback each time
            log.error("frame %d of camera %s could not be judged: %s", meta.frame, meta.camera, error)
            detail = f"the engines' result cannot be used: {error}"
        except Exception as error:
            log.exception("frame %d of camera %s could not be judged", meta.frame, meta.camera)
            detail = f"could not be judged: {error}"
        return Outcome(verdict=Verdict.UNINSPECTED, reason=Reason.INTERNAL, detail=detail, bundle=identity)
