"""The end of a frame's path: a result becomes a verdict, the ledger keeps the first one, and the lease of the slot is released.

Clean frames are settled in the thread that received the result; frames the gate let through are judged in a thread pool, so that
they never delay the results that follow.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inspector.frames.clock import now_ns
from inspector.frames.leased_frame import LeasedFrame
from inspector.frames.leases import Holder, pass_on_each, release_each
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import Outcome, Reason, Verdict
from inspector.inference.dispatcher import Dispatcher
from inspector.inference.messages import InferenceResult
from inspector.line.figures import JudgingFigures
from inspector.line.groups import Groups
from inspector.line.merging import merged_mask
from inspector.line.observers import Observers
from inspector.verdicts.ledger import Ledger

log = logging.getLogger(__name__)

JUDGING = Holder("judging")
JUDGING_SHADOWS = Holder("judging of shadows", observer=True)


_SLOW_PX = 32_768
"""So many defect pixels, should they be noise, take 0.5 ms to measure; most frames have fewer."""


class _Inspection(NamedTuple):
    """A frame whose inspection is over, to be finished."""

    frame: LeasedFrame
    outcome: Outcome
    mask: NDArray[np.uint8] | None = None
    """That of the judged frame, where the segmenter ran."""
    inspected: bool = True
    """False where it was given up."""


class GoldenAnswer(NamedTuple):
    """What the active bundle and its judge made of a golden frame."""

    result: InferenceResult
    outcome: Outcome
    mask: NDArray[np.uint8]
    """uint8 [H, W]; valid during the call only."""


class _Work(NamedTuple):
    """A frame that the gate let through, to be judged."""

    source: Dispatcher
    frame: LeasedFrame
    result: InferenceResult
    received_ns: int


class Postprocessing:
    """Turns results of inference into verdicts."""

    def __init__(
        self,
        ledger: Ledger,
        observers: Observers,
        late: Callable[[FrameMeta, Outcome], None],
        threads: int,
    ) -> None:
        """``late`` is called with a result whose frame already had its verdict; ``observers`` are shown each frame before its slot is freed."""
        self.figures = JudgingFigures()
        self._ledger = ledger
        self._observers = observers
        self._late = late
        self.golden: Callable[[GoldenAnswer | None], None] = lambda answer: None
        """Called with the answer to a golden frame of the self-test; None where it gets none."""
        self._judging = Groups(threads, "verdicts", self._judged, self._finish, _is_slow)
        # A thread of its own, so that no verdict ever waits behind a mask of a shadow.
        self._judging_shadows = Groups(1, "shadow", self._judged, self._finish, _is_slow)

    def results(self, source: Dispatcher, results: Sequence[tuple[LeasedFrame, InferenceResult]]) -> None:
        """Take results of a bundle's engines. The leases of the frames are this object's from now on."""
        clean, let_through = [], []
        now = now_ns()
        for frame, result in results:
            if result.let_through or frame.golden:
                let_through.append(_Work(source, frame, result, now))
            else:
                clean.append(_Inspection(frame, *self._judge(source, frame, result)))
        self._finish(clean)
        if let_through:
            self._pass_on([work.frame for work in let_through])
            for judging, is_shadow in ((self._judging, False), (self._judging_shadows, True)):
                if works := [one for one in let_through if one.frame.shadow is is_shadow]:
                    judging.add(works)

    def given_up(self, frames: Sequence[LeasedFrame], reason: Reason, detail: str) -> None:
        """Settle frames for which no result will come as UNINSPECTED, and release their leases."""
        outcome = Outcome(verdict=Verdict.UNINSPECTED, reason=reason, detail=detail)
        self._finish([_Inspection(frame, outcome, inspected=False) for frame in frames])
        if any(frame.golden for frame in frames):
            self.golden(None)

    def close(self, timeout_s: float) -> None:
        """Wait at most ``timeout_s`` for the frames that are being judged; those still queued get no verdict here."""
        # A mask of noise takes 5 ms, 60 without compiled code; more on a slower core.
        if not all([self._judging.close(timeout_s), self._judging_shadows.close(0.05)]):
            log.error("a frame that is being judged, or an observer, did not finish in time and was left behind")

    @staticmethod
    def _pass_on(frames: Sequence[LeasedFrame]) -> None:
        """Make judging the holder of the frames' leases."""
        pass_on_each([frame.lease for frame in frames if not frame.shadow], JUDGING)
        pass_on_each([frame.lease for frame in frames if frame.shadow], JUDGING_SHADOWS)

    @property
    def waiting(self) -> int:
        """Frames that wait to be judged."""
        return self._judging.waiting

    def _judged(self, work: _Work) -> _Inspection:
        source, frame, result, received_ns = work
        outcome, mask = self._judge(source, frame, result)
        if frame.golden:
            self._answer_golden(source, result, outcome)
        elif not frame.shadow:
            self.figures.judged(frame.meta.camera, outcome, (now_ns() - received_ns) / 1e3)
        return _Inspection(frame, outcome, mask)

    def _answer_golden(self, source: Dispatcher, result: InferenceResult, outcome: Outcome) -> None:
        try:
            mask = source.supervisor.masks.view((result.slot, result.offset), source.identity.size)
            self.golden(GoldenAnswer(result, outcome, mask))
        except Exception:
            log.exception("the answer to a golden frame could not be compared")

    def _finish(self, inspections: Sequence[_Inspection]) -> None:
        """Settle frames, show them to the observers and release their leases. An error with one frame is logged, so that the others still
        get their verdicts."""
        if not inspections:
            return
        on_road = [one for one in inspections if one.frame.gets_verdict]
        answers = self._ledger.settle_each([(one.frame.meta, one.outcome) for one in on_road])
        for one, answer in zip(on_road, answers, strict=True):
            if answer is True:
                continue
            if answer is False and one.inspected:
                self._tell_late(one)
            elif isinstance(answer, Exception):
                self._log(one, answer)
        verdicts = {id(one) for one, answer in zip(on_road, answers, strict=True) if answer is True}
        for one in inspections:
            if one.frame.golden:
                continue
            self._observers.offer(one.frame, one.outcome, one.mask, is_verdict=id(one) in verdicts)
        try:
            release_each([one.frame.lease for one in inspections])
        except ValueError as error:
            log.error("a slot could not be released: %s", error, exc_info=error)

    def _tell_late(self, one: _Inspection) -> None:
        try:
            self._late(one.frame.meta, one.outcome)
        except Exception as error:
            self._log(one, error)

    @staticmethod
    def _log(one: _Inspection, error: Exception) -> None:
        meta = one.frame.meta
        log.error("frame %d of camera %s could not be finished", meta.frame, meta.camera, exc_info=error)

    @staticmethod
    def _judge(
        source: Dispatcher, frame: LeasedFrame, result: InferenceResult
    ) -> tuple[Outcome, NDArray[np.uint8] | None]:
        """The outcome of a frame, and the mask it is based on."""
        identity, meta = source.identity, frame.meta
        mask = None
        try:
            judge = frame.judges.of(meta.camera, source.bundle, identity)
            if not result.let_through:
                return judge.clean(result.gate_score), None
            masks, pixels = source.supervisor.masks, None
            if frame.layout is None:
                mask, pixels = masks.view((result.slot, result.offset), identity.size), result.pixels
            else:
                mask = merged_mask(frame.layout, result, masks)
            return judge.segmented(result.gate_score, mask, pixels, result.scores, meta.position_um), mask
        except ValueError as error:  # the engines contradict themselves, perhaps on every frame: no traceback each time
            log.error("frame %d of camera %s could not be judged: %s", meta.frame, meta.camera, error)
            detail = f"the engines' result cannot be used: {error}"
        except Exception as error:
            log.exception("frame %d of camera %s could not be judged", meta.frame, meta.camera)
            detail = f"could not be judged: {error}"
        return Outcome(verdict=Verdict.UNINSPECTED, reason=Reason.INTERNAL, detail=detail, bundle=identity), mask


def _is_slow(work: _Work) -> bool:
    """Whether the mask may take long to measure. Of tiles an upper bound."""
    return sum(work.result.pixels) > _SLOW_PX
