"""The ledger frame by frame: what each call promises."""

from __future__ import annotations

import pytest

from inspector.frames.clock import now_ns
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import Outcome, Reason, Settled, Verdict
from inspector.verdicts.ledger import Ledger

PASS = Outcome(verdict=Verdict.PASS, reason=Reason.GATE_CLEAN)
REJECT = Outcome(verdict=Verdict.REJECT, reason=Reason.DEFECT)
MS = 1_000_000


class Clock:
    """Time stands still until it is set."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


def frame(number: int, camera: str = "top", deadline_ns: int | None = None) -> FrameMeta:
    return FrameMeta(camera=camera, frame=number, captured_ns=0, deadline_ns=deadline_ns)


def test_the_first_outcome_wins_and_the_second_is_told_so() -> None:
    settled: list[Settled] = []
    ledger = Ledger(settled.append)
    ledger.open(frame(0))
    assert ledger.settle("top", 0, PASS)
    assert not ledger.settle("top", 0, REJECT)
    assert [(s.meta.frame, s.outcome, s.count) for s in settled] == [(0, PASS, 1)]
    assert settled[0].settled_ns > 0


def test_an_error_with_one_of_several_frames_does_not_concern_the_others() -> None:
    passed_on: list[int] = []

    def fails_on_one(settled: Settled) -> None:
        if settled.meta.frame == 1:
            raise OSError("the sink broke")
        passed_on.append(settled.meta.frame)

    ledger = Ledger(fails_on_one)
    for number in range(3):
        ledger.open(frame(number))
    answers = ledger.settle_each([(frame(number), PASS) for number in (0, 1, 7, 2, 0)])
    assert [str(answer) for answer in answers] == [
        "True",
        "the sink broke",
        "frame 7 of camera 'top' was never opened",
        "True",
        "False",
    ]
    assert passed_on == [0, 2]
    assert ledger.counts()["top"].open == 0, "the frame has its verdict all the same"


def test_who_reads_the_queue_is_woken_when_the_ledger_is_free() -> None:
    settled: list[Settled] = []
    seen: list[int] = []

    def woken() -> None:
        ledger.counts()  # would hang under the lock
        seen.append(len(settled))

    ledger = Ledger(settled.append, queued=woken)
    for number in range(4):
        ledger.open(frame(number, deadline_ns=now_ns() + 10**12))
    assert seen == [], "no verdict yet"
    ledger.settle_each([(frame(0), PASS), (frame(1), PASS)])
    ledger.settle("top", 2, PASS)
    ledger.lost(frame(4), 5)
    ledger.expire(now_ns())
    assert seen == [2, 3, 4], "once for each call, and not where nothing was due"
    ledger.expire(now_ns() + 2 * 10**12)
    assert seen[-1] == 5


def test_the_watermark_waits_for_the_oldest_open_frame() -> None:
    settled: list[Settled] = []
    ledger = Ledger(settled.append)
    assert ledger.resolved_through("top") == -1
    for number in range(4):
        ledger.open(frame(number))
    for number in (2, 1, 0, 3):
        ledger.settle("top", number, PASS)
    assert [s.resolved_through for s in settled] == [-1, -1, 2, 3]


def test_lost_frames_are_one_settlement_and_count_one_by_one() -> None:
    settled: list[Settled] = []
    ledger = Ledger(settled.append)
    ledger.open(frame(0))
    ledger.lost(
        FrameMeta(camera="top", frame=1, captured_ns=7), 2**40, "frame counter jumped"
    )  # no cost per lost frame
    ledger.open(frame(2**40 + 1))
    ledger.settle("top", 0, PASS)
    assert [(s.meta.frame, s.count, s.outcome.reason, s.resolved_through) for s in settled] == [
        (1, 2**40, Reason.CAMERA_LOST, -1),
        (0, 1, Reason.GATE_CLEAN, 2**40),
    ]
    assert settled[0].outcome.verdict is Verdict.UNINSPECTED
    assert settled[0].outcome.detail == "frame counter jumped"
    assert settled[0].meta.captured_ns == 7
    assert not ledger.settle("top", 5, PASS)
    counts = ledger.counts()["top"]
    assert (counts.frames, counts.open) == (2**40 + 2, 1)
    assert counts.verdicts == {Verdict.PASS: 1, Verdict.UNINSPECTED: 2**40}
    assert counts.reasons == {Reason.GATE_CLEAN: 1, Reason.CAMERA_LOST: 2**40}


@pytest.mark.parametrize("number", [-1, 1, 2])
def test_a_gap_in_the_numbers_is_refused_and_changes_nothing(number: int) -> None:
    ledger = Ledger(lambda settled: None)
    with pytest.raises(ValueError, match=f"expected 0, got {number}"):
        ledger.open(frame(number))
    with pytest.raises(ValueError, match=f"expected 0, got {number}"):
        ledger.lost(frame(number), 3)
    with pytest.raises(ValueError, match="cannot lose 0 frames"):
        ledger.lost(frame(0), 0)
    assert ledger.counts() == {}
    ledger.open(frame(0))
    with pytest.raises(ValueError, match="expected 1, got 0"):
        ledger.open(frame(0))


@pytest.mark.parametrize(("camera", "number"), [("top", 1), ("top", -1), ("bottom", 0)])
def test_a_frame_that_was_never_opened_cannot_be_settled(camera: str, number: int) -> None:
    ledger = Ledger(lambda settled: None)
    ledger.open(frame(0))
    with pytest.raises(ValueError, match=f"frame {number} of camera '{camera}'"):
        ledger.settle(camera, number, PASS)


def test_expire_settles_what_is_due_and_nothing_else() -> None:
    settled: list[Settled] = []
    ledger = Ledger(settled.append, Clock())
    ledger.open(frame(0, deadline_ns=100 * MS))
    ledger.open(frame(1, deadline_ns=90 * MS))
    ledger.open(frame(2))  # offline frames have no deadline
    ledger.open(frame(3, deadline_ns=101 * MS))
    ledger.settle("top", 1, PASS)
    assert ledger.next_deadline_ns() == 100 * MS
    assert ledger.expire(100 * MS - 1) == []
    assert ledger.expire(100 * MS) == [frame(0, deadline_ns=100 * MS)]
    assert settled[-1].outcome == Outcome(
        verdict=Verdict.UNINSPECTED, reason=Reason.DEADLINE, detail="no result within 100 ms"
    )
    assert ledger.next_deadline_ns() == 101 * MS
    assert [meta.frame for meta in ledger.expire(200 * MS)] == [3]
    assert settled[-1].outcome.detail == "no result within 101 ms; settled 99 ms after that"
    assert ledger.next_deadline_ns() is None
    assert ledger.expire(10**18) == []
    assert [meta.frame for meta in ledger.open_frames()] == [2]


def test_an_answer_after_the_deadline_is_late_even_before_the_timer_came() -> None:
    settled: list[Settled] = []
    clock = Clock()
    ledger = Ledger(settled.append, clock)
    for number in range(4):
        ledger.open(frame(number, deadline_ns=100 * MS))
    clock.now_ns = 100 * MS - 1
    assert ledger.settle("top", 0, PASS)
    clock.now_ns = 100 * MS
    assert not ledger.settle("top", 1, PASS)
    clock.now_ns = 103 * MS
    assert not ledger.settle("top", 2, REJECT)
    # That the engine is down explains more than that no answer came.
    down = Outcome(verdict=Verdict.UNINSPECTED, reason=Reason.ENGINE_DOWN)
    assert ledger.settle("top", 3, down)
    assert [(s.outcome.reason, s.outcome.detail, s.settled_ns, s.resolved_through) for s in settled] == [
        (Reason.GATE_CLEAN, "", 100 * MS - 1, 0),
        (Reason.DEADLINE, "no result within 100 ms", 100 * MS, 1),
        (Reason.DEADLINE, "no result within 100 ms; settled 3 ms after that", 103 * MS, 2),
        (Reason.ENGINE_DOWN, "", 103 * MS, 3),
    ]
    assert {s.outcome.verdict for s in settled[1:]} == {Verdict.UNINSPECTED}
    assert ledger.expire(200 * MS) == []


def test_the_end_settles_whatever_is_open() -> None:
    settled: list[Settled] = []
    ledger = Ledger(settled.append, Clock())
    for number in range(3):
        ledger.open(frame(number, deadline_ns=100 + number))
        ledger.open(frame(number, camera="bottom"))
    ledger.settle("top", 1, PASS)
    ended = ledger.settle_all(Reason.SHUTDOWN, "stopped by SIGTERM")
    assert [(meta.camera, meta.frame) for meta in ended] == [
        ("top", 0),
        ("top", 2),
        ("bottom", 0),
        ("bottom", 1),
        ("bottom", 2),
    ]
    assert {(s.outcome.reason, s.outcome.detail) for s in settled[1:]} == {(Reason.SHUTDOWN, "stopped by SIGTERM")}
    assert ledger.open_frames() == ledger.settle_all(Reason.SHUTDOWN) == []
    assert ledger.resolved_through("top") == ledger.resolved_through("bottom") == 2
    assert ledger.next_deadline_ns() is None


def test_a_sink_that_fails_on_one_frame_does_not_cost_the_others_their_verdict() -> None:
    seen: list[int] = []

    def sink(settled: Settled) -> None:
        seen.append(settled.meta.frame)
        if settled.meta.frame == 1:
            raise OSError("disk full")

    ledger = Ledger(sink)
    for number in range(4):
        ledger.open(frame(number, deadline_ns=number))
    with pytest.raises(OSError, match="disk full"):
        ledger.expire(2)
    assert seen == [0, 1, 2]
    assert [meta.frame for meta in ledger.open_frames()] == [3]
    assert ledger.counts()["top"].reasons == {Reason.DEADLINE: 3}
    assert not ledger.settle("top", 1, PASS)


def test_a_new_earliest_deadline_is_announced_and_no_other() -> None:
    announced: list[int] = []
    ledger = Ledger(lambda settled: None)
    ledger.on_earliest(announced.append)
    for number, deadline_ns in enumerate([50, 60, None, 40, 45, 40]):
        ledger.open(frame(number, deadline_ns=deadline_ns))
    assert announced == [50, 40]


def test_memory_follows_what_is_open() -> None:
    """One frame without an answer and a far deadline must not make the ledger keep the frames after it."""
    ledger = Ledger(lambda settled: None, Clock())
    ledger.open(frame(0, deadline_ns=1))
    for number in range(1, 5000):
        ledger.open(frame(number, deadline_ns=10**12 + number))
        ledger.settle("top", number, PASS)
    assert len(ledger._deadlines) < 100
    ledger.settle("top", 0, PASS)
    assert ledger.resolved_through("top") == 4999
    assert not ledger._deadlines
    assert not ledger._cameras["top"].order
