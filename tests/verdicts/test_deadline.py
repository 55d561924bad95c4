"""The deadline timer against the real clock. Bounds are wide: the machine may be busy."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from inspector.frames.clock import now_ns
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import Outcome, Reason, Settled, Verdict
from inspector.verdicts.deadline import DeadlineTimer
from inspector.verdicts.ledger import Ledger

PASS = Outcome(verdict=Verdict.PASS, reason=Reason.GATE_CLEAN)
MS = 1_000_000


def frame(number: int, limit_ms: float) -> FrameMeta:
    now = now_ns()
    return FrameMeta(camera="top", frame=number, captured_ns=now, deadline_ns=now + round(limit_ms * MS))


class Run:
    """A ledger with its timer running; ``wait`` for the verdicts."""

    def __init__(self) -> None:
        self.settled: list[Settled] = []
        self.ledger = Ledger(self.settled.append)
        self.timer = DeadlineTimer(self.ledger)

    def wait(self, count: int, limit_s: float = 10) -> None:
        end = time.monotonic() + limit_s
        while len(self.settled) < count:
            assert time.monotonic() < end, f"{len(self.settled)} of {count} frames expired in {limit_s} s"
            time.sleep(0.001)

    def __enter__(self) -> Run:
        self.timer.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.timer.stop()


def test_a_frame_without_an_answer_expires_at_its_deadline_and_not_before() -> None:
    with Run() as run:
        late_ms = []
        for number in range(10):
            meta = frame(number, limit_ms=15)
            run.ledger.open(meta)
            run.wait(number + 1)
            assert meta.deadline_ns is not None
            late_ms.append((run.settled[-1].settled_ns - meta.deadline_ns) / MS)
        assert {s.outcome.reason for s in run.settled} == {Reason.DEADLINE}
        assert min(late_ms) >= 0
        assert sorted(late_ms)[5] < 100, late_ms


def test_an_earlier_deadline_wakes_the_timer() -> None:
    with Run() as run:
        run.ledger.open(frame(0, limit_ms=60_000))
        time.sleep(0.02)  # the timer now sleeps until then
        run.ledger.open(frame(1, limit_ms=20))
        run.wait(1)
        assert [(s.meta.frame, s.outcome.reason) for s in run.settled] == [(1, Reason.DEADLINE)]


def test_a_steady_stream_that_is_answered_hardly_wakes_the_timer() -> None:
    class Counting(Ledger):
        asked = 0

        def expire(self, now_ns: int) -> list[FrameMeta]:
            self.asked += 1
            return super().expire(now_ns)

    ledger = Counting(lambda settled: None)
    timer = DeadlineTimer(ledger)
    timer.start()
    for number in range(200):
        ledger.open(frame(number, limit_ms=5000))
        assert ledger.settle("top", number, PASS)
        time.sleep(0.0005)  # so that the timer's thread would have its turn
    timer.stop()
    assert 1 <= ledger.asked < 10


def test_the_timer_survives_a_sink_that_raises(caplog: pytest.LogCaptureFixture) -> None:
    expired: list[int] = []

    def fails_once(settled: Settled) -> None:
        expired.append(settled.meta.frame)
        if len(expired) == 1:
            raise RuntimeError("planted")

    ledger = Ledger(fails_once)
    timer = DeadlineTimer(ledger)
    timer.start()
    with caplog.at_level(logging.ERROR):
        for number in range(3):
            ledger.open(frame(number, limit_ms=1))
            end = time.monotonic() + 10
            while len(expired) <= number and time.monotonic() < end:
                time.sleep(0.001)
    timer.stop()
    assert expired == [0, 1, 2]
    assert "planted" in caplog.text


@pytest.mark.parametrize("limit_ms", [None, 60_000.0])
def test_stop_is_prompt_while_asleep(limit_ms: float | None) -> None:
    run = Run()
    run.timer.start()
    if limit_ms is not None:
        run.ledger.open(frame(0, limit_ms))
    time.sleep(0.02)
    begin = time.monotonic()
    run.timer.stop()
    run.timer.stop()
    assert time.monotonic() - begin < 0.5
    assert not run.timer._thread.is_alive()


def test_stop_before_start_is_harmless() -> None:
    DeadlineTimer(Ledger(lambda settled: None)).stop()


def test_stop_leaves_a_stuck_sink_behind_within_a_second(caplog: pytest.LogCaptureFixture) -> None:
    stuck, let_go = threading.Event(), threading.Event()

    def hangs(settled: Settled) -> None:
        stuck.set()
        let_go.wait(30)

    ledger = Ledger(hangs)
    timer = DeadlineTimer(ledger)
    timer.start()
    ledger.open(frame(0, limit_ms=0))
    assert stuck.wait(10)
    begin = time.monotonic()
    with caplog.at_level(logging.ERROR):
        timer.stop()
    assert 0.5 < time.monotonic() - begin < 2
    assert "stuck" in caplog.text
    let_go.set()
    timer._thread.join(10)
    assert not timer._thread.is_alive()
