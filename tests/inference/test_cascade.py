"""The cascade's decisions: what goes next, in what company."""

from __future__ import annotations

from inspector.inference.cascade import Cascade, Stage
from inspector.inference.messages import Forced


def arrive(cascade: Cascade, *slots: int, now: int = 0) -> None:
    for slot in slots:
        cascade.arrive((slot, 0), Forced.NO, now)


def slots_of(batch) -> list[int]:
    return [item.window[0] for item in batch.items]


def test_batches_form_up_to_the_limit_in_order() -> None:
    cascade = Cascade(0.5, gate_batch=3, segmenter_batch=2, gate_wait_ns=0, segmenter_wait_ns=0)
    arrive(cascade, 4, 5, 6, 7)
    assert slots_of(cascade.next_batch(0)) == [4, 5, 6]
    assert slots_of(cascade.next_batch(0)) == [7]
    assert cascade.next_batch(0) is None


def test_larger_batches_where_so_many_wait_that_every_batch_that_is_accepted_is_as_large() -> None:
    def sizes(waiting: int, batches: int, largest: int) -> list[int]:
        cascade = Cascade(0.5, gate_batch=4, segmenter_batch=4, gate_wait_ns=0, segmenter_wait_ns=0)
        arrive(cascade, *range(waiting))
        found = []
        for left in range(batches, 0, -1):
            batch = cascade.next_batch(0, {Stage.GATE: left}, lambda _: largest)
            found.append(0 if batch is None else len(batch.items))
        return found

    assert sizes(3, batches=2, largest=16) == [3, 0]
    assert sizes(8, batches=2, largest=16) == [4, 4]
    assert sizes(20, batches=2, largest=16) == [10, 10]
    assert sizes(64, batches=2, largest=16) == [16, 16]
    assert sizes(20, batches=8, largest=16) == [4, 4, 4, 4, 4, 0, 0, 0], "engines of many cores share them"
    assert sizes(20, batches=2, largest=1) == [4, 4], "never fewer than usual"


def test_partial_batch_waits_for_company_but_not_longer() -> None:
    cascade = Cascade(0.5, gate_batch=3, segmenter_batch=2, gate_wait_ns=100, segmenter_wait_ns=100)
    arrive(cascade, 1, 2, now=10)
    assert cascade.next_batch(109) is None
    assert cascade.wake_ns() == 110
    assert slots_of(cascade.next_batch(110)) == [1, 2]


def test_full_batch_goes_at_once() -> None:
    cascade = Cascade(0.5, gate_batch=2, segmenter_batch=2, gate_wait_ns=10**9, segmenter_wait_ns=10**9)
    arrive(cascade, 1, 2, now=10)
    assert cascade.wake_ns() == 10
    assert slots_of(cascade.next_batch(10)) == [1, 2]


def test_frames_let_through_gather_across_gate_batches() -> None:
    cascade = Cascade(0.5, gate_batch=1, segmenter_batch=2, gate_wait_ns=1000, segmenter_wait_ns=1000)
    arrive(cascade, 1, 2, 3)
    let_through = []
    for now, score in enumerate((0.9, 0.1, 0.5)):
        batch = cascade.next_batch(now)
        let_through.append(cascade.gated(batch.items[0], score, now))
    assert let_through == [True, False, True]
    batch = cascade.next_batch(5)
    assert batch.stage is Stage.SEGMENTER
    assert slots_of(batch) == [1, 3]
    assert [item.gate_score for item in batch.items] == [0.9, 0.5]


def test_begun_work_goes_before_new_work() -> None:
    cascade = Cascade(0.5, gate_batch=1, segmenter_batch=1, gate_wait_ns=0, segmenter_wait_ns=0)
    arrive(cascade, 1, 2)
    cascade.gated(cascade.next_batch(0).items[0], 0.9, 0)
    assert cascade.next_batch(0).stage is Stage.SEGMENTER
    assert cascade.next_batch(0).stage is Stage.GATE


def test_let_through_frames_wait_longer_than_the_gates_and_fill_a_batch() -> None:
    cascade = Cascade(0.5, gate_batch=2, segmenter_batch=3, gate_wait_ns=10, segmenter_wait_ns=1000)
    for now, slots in ((0, (1, 2)), (100, (3, 4))):
        arrive(cascade, *slots, now=now)
        for item, score in zip(cascade.next_batch(now).items, (0.9, 0.1), strict=True):
            cascade.gated(item, score, now)
    assert cascade.next_batch(999) is None
    assert cascade.wake_ns() == 1000, "the first that was let through has waited longest"
    arrive(cascade, 5, now=500)
    assert slots_of(cascade.next_batch(510)) == [5], "the gate goes on meanwhile"
    assert slots_of(cascade.next_batch(1000)) == [1, 3]


def test_an_engine_without_room_holds_nobody_else_up() -> None:
    cascade = Cascade(0.5, gate_batch=1, segmenter_batch=1, gate_wait_ns=0, segmenter_wait_ns=0)
    arrive(cascade, 1, 2)
    cascade.gated(cascade.next_batch(0).items[0], 0.9, 0)
    assert cascade.next_batch(0, {Stage.GATE: 1}).stage is Stage.GATE
    assert cascade.next_batch(0, {Stage.GATE: 1}) is None
    assert cascade.wake_ns({Stage.GATE: 1}) is None
    assert cascade.wake_ns({Stage.SEGMENTER: 1}) == 0
    assert cascade.next_batch(0, {Stage.SEGMENTER: 1}).stage is Stage.SEGMENTER
