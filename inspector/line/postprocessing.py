"""The last stretch of the road: an answer becomes a verdict, the ledger takes the first one, and the slot is free again.

Clean frames are settled where the answer arrives; frames the gate let through are measured and judged in a small pool, so that
they never hold up the answers behind them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import Outcome, Reason, Verdict
from inspector.frames.ring import FrameRing
from inspector.inference.in_flight import Held
from inspector.inference.messages import Answer
from inspector.verdicts.judge import Judge
from inspector.verdicts.ledger import Ledger

log = logging.getLogger(__name__)


class Postprocessing:
    """Turns what inference says into verdicts."""

    def __init__(
        self,
        judges: dict[str, Judge],
        ledger: Ledger,
        ring: FrameRing,
        late: Callable[[FrameMeta, Outcome], None],
        threads: int,
    ) -> None:
        """``judges`` judge the frames of each camera; ``late`` hears of answers to frames that had their verdict."""
        self._judges = judges
        self._ledger = ledger
        self._ring = ring
        self._late = late
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="verdicts")

    def answered(self, answered: Sequence[tuple[FrameMeta, Answer]]) -> None:
        """The engines answered. The slots are ours until they are free."""
        for meta, answer in answered:
            if answer.let_through:
                self._pool.submit(self._settle, meta, answer)
            else:
                self._settle(meta, answer)

    def given_up(self, frames: Sequence[Held], reason: Reason, detail: str) -> None:
        """No answer will come for these frames."""
        outcome = Outcome(verdict=Verdict.UNINSPECTED, reason=reason, detail=detail)
        for held in frames:
            self._ring.release(held.slot)
            self._hand_on(held.meta, outcome, answered=False)

    def close(self, timeout_s: float) -> None:
        """Finish the frames that are being judged; those that wait for it are left without a verdict."""
        # Shutting down waits for as long as a frame takes; a mask that is all specks takes a quarter of a second.
        closing = threading.Thread(target=self._pool.shutdown, kwargs={"cancel_futures": True}, daemon=True)
        closing.start()
        closing.join(timeout_s)

    def _settle(self, meta: FrameMeta, answer: Answer) -> None:
        outcome = self._judge(meta, answer)
        self._ring.release(answer.slot)
        self._hand_on(meta, outcome, answered=True)

    def _hand_on(self, meta: FrameMeta, outcome: Outcome, *, answered: bool) -> None:
        """What goes wrong with one frame must not cost the others their verdicts."""
        try:
            if not self._ledger.settle(meta.camera, meta.frame, outcome) and answered:
                self._late(meta, outcome)
        except Exception:
            log.exception("frame %d of camera %s: the verdict could not be handed on", meta.frame, meta.camera)

    def _judge(self, meta: FrameMeta, answer: Answer) -> Outcome:
        judge = self._judges[meta.camera]
        try:
            if not answer.let_through:
                return judge.clean(answer.gate_score)
            mask = self._ring.memory.masks[answer.slot]
            return judge.segmented(answer.gate_score, mask, answer.pixels, answer.scores)
        except ValueError as error:  # the engines contradict themselves, perhaps on every frame: no traceback each time
            log.error("frame %d of camera %s could not be judged: %s", meta.frame, meta.camera, error)
            detail = f"the engines' answer cannot be used: {error}"
            return Outcome(verdict=Verdict.UNINSPECTED, reason=Reason.INTERNAL, detail=detail)
        except Exception as error:
            log.exception("frame %d of camera %s could not be judged", meta.frame, meta.camera)
            return Outcome(verdict=Verdict.UNINSPECTED, reason=Reason.INTERNAL, detail=f"could not be judged: {error}")
