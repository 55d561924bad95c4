"""Results that come together: each frame gets its verdict, whatever becomes of the others."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from inspector.frames.leased_frame import Inspected, LeasedFrame
from inspector.frames.leases import Holder
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import Outcome, Reason, Settled, Verdict
from inspector.frames.ring import FrameRing
from inspector.frames.size import FrameSize
from inspector.inference.messages import InferenceResult
from inspector.line.observers import Observers
from inspector.line.postprocessing import Postprocessing
from inspector.verdicts.ledger import Ledger

CLEAN = Outcome(verdict=Verdict.PASS, reason=Reason.GATE_CLEAN)
DEFECTIVE = Outcome(verdict=Verdict.REJECT, reason=Reason.DEFECT)
SIZE = FrameSize(8, 16)


class Bench:
    """Ring, ledger and postprocessing. Judging answers by the gate's score: it fails where that is 0.5."""

    def __init__(self, slots: int = 16) -> None:
        self.ring = FrameRing(slots, SIZE)
        self.settled: list[Settled] = []
        self.shown: list[Inspected] = []
        self.late: list[int] = []
        self.ledger = Ledger(self.settled.append)
        self.judges: Any = SimpleNamespace(of=lambda camera, bundle, identity: self)
        observers = Observers([self])
        self.postprocessing = Postprocessing(self.ledger, observers, self._late, 2)
        supervisor = SimpleNamespace(masks=self.ring.masks())
        self.source: Any = SimpleNamespace(identity=SimpleNamespace(size=SIZE), bundle=None, supervisor=supervisor)

    def clean(self, score: float) -> Outcome:
        if score == 0.5:
            raise ValueError("the gate contradicts itself")
        return CLEAN

    def segmented(self, score: float, mask: np.ndarray, *_: object) -> Outcome:
        assert mask.shape == SIZE
        if score == 0.5:
            raise RuntimeError("the rule broke")
        return DEFECTIVE

    def inspected(self, inspected: Inspected) -> None:
        assert inspected.frame.lease.holder is not None, "shown before the slot is freed"
        self.shown.append(inspected)

    def _late(self, meta: FrameMeta, outcome: Outcome) -> None:
        self.late.append(meta.frame)
        raise OSError("nobody listens")

    def frame(self, number: int, *, opened: bool = True) -> LeasedFrame:
        meta = FrameMeta(camera="top", frame=number, captured_ns=0)
        if opened:
            self.ledger.open(meta)
        lease = self.ring.leases.acquire(Holder("inference"))
        assert lease is not None
        return LeasedFrame(lease, meta, self.judges)

    def result(self, frame: LeasedFrame, score: float = 0.1, *, let_through: bool = False) -> Any:
        return frame, InferenceResult(frame.lease.slot, 0, score, let_through)

    def verdicts(self) -> dict[int, str]:
        assert self.postprocessing.close(10) is None
        assert len(self.settled) == len({one.meta.frame for one in self.settled})
        return {one.meta.frame: one.outcome.reason.value for one in self.settled}


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_one_message_with_frames_of_every_kind(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    frames = [bench.frame(number) for number in range(6)]
    never = bench.frame(99, opened=False)
    bench.ledger.settle("top", 1, CLEAN)
    with caplog.at_level(logging.ERROR):
        bench.postprocessing.results(
            bench.source,
            [
                bench.result(frames[0]),
                bench.result(frames[1]),
                bench.result(never),
                bench.result(frames[2], 0.5),
                bench.result(frames[3], let_through=True),
                bench.result(frames[4], 0.5, let_through=True),
                bench.result(frames[5]),
            ],
        )
        while bench.ledger.counts()["top"].open:
            pass
        found = bench.verdicts()
    assert found == {
        0: "gate_clean",
        1: "gate_clean",
        2: "internal",
        3: "defect",
        4: "internal",
        5: "gate_clean",
    }
    assert bench.late == [1]
    assert len(bench.shown) == 7
    assert {one.frame.meta.frame for one in bench.shown if one.mask is not None} == {3, 4}
    assert bench.ring.leases.free == bench.ring.leases.slots
    texts = [record.getMessage() for record in caplog.records]
    assert sum("could not be finished" in text for text in texts) == 2, "the late one and the unknown one"
    assert sum("could not be judged" in text for text in texts) == 2


def test_frames_that_are_given_up_together(bench: Bench) -> None:
    frames = [bench.frame(number) for number in range(3)]
    bench.ledger.settle("top", 0, CLEAN)
    bench.postprocessing.given_up(frames, Reason.ENGINE_DOWN, "the child died")
    assert bench.verdicts() == {0: "gate_clean", 1: "engine_down", 2: "engine_down"}
    assert bench.late == [], "it was not inspected"
    assert bench.ring.leases.free == bench.ring.leases.slots


def test_frames_of_a_shadow_get_no_verdict(bench: Bench) -> None:
    frame = bench.frame(0)
    shadow = Holder("shadow", observer=True)
    ring = FrameRing(2, SIZE, observer_slots=2)
    lease = ring.leases.acquire(Holder("camera"))
    assert lease is not None
    lease.pass_on(Holder("inference"))
    shared = lease.share(shadow)
    assert shared is not None
    bench.postprocessing.results(bench.source, [bench.result(frame._replace(lease=shared, shadow=True))])
    assert ring.leases.observed == 0
    assert bench.verdicts() == {}
    assert len(bench.shown) == 1
