"""The last stretch of the road: a result becomes a verdict, the ledger takes the first one, and the lease of the slot is released.

Clean frames are settled where the result arrives; frames the gate let through are measured and judged in a small pool, so that
they never hold up the results behind them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from inspector.frames.leased_frame import LeasedFrame
from inspector.frames.leases import Holder
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import Outcome, Reason, Verdict
from inspector.inference.dispatcher import Dispatcher
from inspector.inference.messages import InferenceResult
from inspector.line.judges import Judges
from inspector.line.observers import Observers
from inspector.verdicts.ledger import Ledger

log = logging.getLogger(__name__)

JUDGING = Holder("judging")
JUDGING_SHADOWS = Holder("judging of shadows", observer=True)


class Postprocessing:
    """Turns what inference says into verdicts."""

    def __init__(
        self,
        judges: Judges,
        ledger: Ledger,
        observers: Observers,
        late: Callable[[FrameMeta, Outcome], None],
        threads: int,
    ) -> None:
        """``late`` hears of results of frames that had their verdict; ``observers`` may look at each frame before its slot is free."""
        self.judges = judges
        self._ledger = ledger
        self._observers = observers
        self._late = late
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="verdicts")

    def results(self, source: Dispatcher, results: Sequence[tuple[LeasedFrame, InferenceResult]]) -> None:
        """The engines of a bundle have results. The leases are ours until we release them."""
        for frame, result in results:
            if result.let_through:
                frame.lease.pass_on(JUDGING_SHADOWS if frame.shadow else JUDGING)
                self._pool.submit(self._process, source, frame, result)
            else:
                self._process(source, frame, result)

    def given_up(self, frames: Sequence[LeasedFrame], reason: Reason, detail: str) -> None:
        """No result will come for these frames."""
        outcome = Outcome(verdict=Verdict.UNINSPECTED, reason=reason, detail=detail)
        for frame in frames:
            shadow = frame.shadow
            self._observers.offer(frame, outcome)
            frame.lease.release()
            if not shadow:
                self._hand_on(frame.meta, outcome, inspected=False)

    def close(self, timeout_s: float) -> None:
        """Finish the frames that are being judged; those that wait for it are left without a verdict."""
        # Shutting down waits for as long as a frame takes; a mask that is all specks takes a quarter of a second.
        closing = threading.Thread(target=self._pool.shutdown, kwargs={"cancel_futures": True}, daemon=True)
        closing.start()
        closing.join(timeout_s)

    def _process(self, source: Dispatcher, frame: LeasedFrame, result: InferenceResult) -> None:
        shadow = frame.shadow
        outcome = self._judge(source, frame.meta, result)
        self._observers.offer(frame, outcome, source.supervisor.masks if result.let_through else None)
        frame.lease.release()
        if not shadow:
            self._hand_on(frame.meta, outcome, inspected=True)

    def _hand_on(self, meta: FrameMeta, outcome: Outcome, *, inspected: bool) -> None:
        """What goes wrong with one frame must not cost the others their verdicts."""
        try:
            if not self._ledger.settle(meta.camera, meta.frame, outcome) and inspected:
                self._late(meta, outcome)
        except Exception:
            log.exception("frame %d of camera %s: the verdict could not be handed on", meta.frame, meta.camera)

    def _judge(self, source: Dispatcher, meta: FrameMeta, result: InferenceResult) -> Outcome:
        identity = source.identity
        judge = self.judges.of(meta.camera, identity)
        try:
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
