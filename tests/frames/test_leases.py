"""Whatever holders do in whatever order, and whoever dies: no slot is lost, none is freed twice, none is written while it is read."""

from __future__ import annotations

import queue
import random
import sys
import threading
from collections import Counter

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from inspector.frames.leases import Holder, Lease, SlotLeases, pass_on_each, release_each
from inspector.frames.ring import FrameRing
from inspector.frames.size import FrameSize

SLOTS, OBSERVER_SLOTS = 4, 2
CAMERAS = (Holder("top"), Holder("bottom"))
STAGES = (Holder("inference a"), Holder("inference b"), Holder("judging"))
OBSERVERS = (Holder("archive", observer=True), Holder("shadow", observer=True), Holder("recorder", observer=True))


class AnyInterleaving(RuleBasedStateMachine):
    """Frames arrive, go from stage to stage, are shared with observers, are dropped for newer ones; holders die. Against a model that keeps sets."""

    def __init__(self) -> None:
        super().__init__()
        self.leases = SlotLeases(SLOTS, OBSERVER_SLOTS)
        self.held: list[Lease] = []
        """Every lease that was given out and is neither released nor taken back."""
        self.writing: set[int] = set()
        self.gone: list[Lease] = []

    def slots(self, *, observed: bool) -> set[int]:
        return {lease.slot for lease in self.held if lease.holder.observer is observed}

    def give_up(self, lease: Lease) -> None:
        self.held.remove(lease)
        self.writing.discard(lease.slot)
        self.gone.append(lease)

    def receive(self, lease: Lease, writer: Holder) -> None:
        assert lease.holder is writer
        assert lease.slot not in {other.slot for other in self.held}, "written while somebody holds it"
        self.held.append(lease)
        self.writing.add(lease.slot)

    @rule(camera=st.sampled_from(CAMERAS))
    def acquire(self, camera: Holder) -> None:
        lease = self.leases.acquire(camera)
        if len(self.slots(observed=False)) < SLOTS:
            assert lease is not None, "observers took a slot from a camera"
            self.receive(lease, camera)
        else:
            assert lease is None

    @precondition(lambda self: self.held)
    @rule(data=st.data(), taker=st.sampled_from(STAGES + OBSERVERS))
    def pass_on(self, data: st.DataObject, taker: Holder) -> None:
        lease = data.draw(st.sampled_from(self.held))
        if lease.holder.observer is not taker.observer:
            with pytest.raises(ValueError, match="one of them is an observer"):
                lease.pass_on(taker)
            return
        lease.pass_on(taker)
        assert lease.holder is taker
        self.writing.discard(lease.slot)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), observer=st.sampled_from(OBSERVERS))
    def share(self, data: st.DataObject, observer: Holder) -> None:
        lease = data.draw(st.sampled_from(self.held))
        if lease.slot in self.writing:
            with pytest.raises(ValueError, match="being written"):
                lease.share(observer)
            return
        observed = self.slots(observed=True)
        shared = lease.share(observer)
        if lease.slot in observed or len(observed) < OBSERVER_SLOTS:
            assert shared is not None
            assert (shared.slot, shared.holder) == (lease.slot, observer)
            self.held.append(shared)
        else:
            assert shared is None

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        lease = data.draw(st.sampled_from(self.held))
        lease.release()
        self.give_up(lease)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), over=st.booleans())
    def release_each(self, data: st.DataObject, over: bool) -> None:
        """Those of several frames at once; one that is over already does not keep the others."""
        chosen = data.draw(st.lists(st.sampled_from(self.held), unique_by=id))
        if over and self.gone:
            with pytest.raises(ValueError, match="released already"):
                release_each([self.gone[-1], *chosen])
        else:
            release_each(chosen)
        for lease in chosen:
            self.give_up(lease)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), taker=st.sampled_from(STAGES))
    def pass_on_each(self, data: st.DataObject, taker: Holder) -> None:
        chosen = [
            lease
            for lease in data.draw(st.lists(st.sampled_from(self.held), unique_by=id))
            if not lease.holder.observer
        ]
        pass_on_each(chosen, taker)
        for lease in chosen:
            assert lease.holder is taker
            self.writing.discard(lease.slot)

    @precondition(lambda self: self.slots(observed=False))
    @rule(data=st.data(), camera=st.sampled_from(CAMERAS))
    def exchange(self, data: st.DataObject, camera: Holder) -> None:
        """The oldest waiting frame is dropped for a new one."""
        lease = data.draw(st.sampled_from([lease for lease in self.held if not lease.holder.observer]))
        new = self.leases.exchange(lease, camera)
        self.give_up(lease)
        self.receive(new, camera)

    @rule(holder=st.sampled_from(CAMERAS + STAGES + OBSERVERS))
    def holder_dies(self, holder: Holder) -> None:
        theirs = [lease for lease in self.held if lease.holder is holder]
        assert self.leases.take_back(holder) == len(theirs)
        for lease in theirs:
            self.give_up(lease)

    @precondition(lambda self: self.gone)
    @rule(data=st.data(), taker=st.sampled_from(STAGES), observer=st.sampled_from(OBSERVERS))
    def nothing_can_be_done_with_a_lease_that_is_over(
        self, data: st.DataObject, taker: Holder, observer: Holder
    ) -> None:
        lease = data.draw(st.sampled_from(self.gone))
        for use in (lease.release, lambda: lease.pass_on(taker), lambda: lease.share(observer)):
            with pytest.raises(ValueError, match="released already"):
                use()

    @invariant()
    def the_counts_are_the_models(self) -> None:
        assert self.leases.free == SLOTS - len(self.slots(observed=False))
        assert self.leases.observed == len(self.slots(observed=True))
        for holder in CAMERAS + STAGES + OBSERVERS:
            assert self.leases.held_by(holder) == sum(lease.holder is holder for lease in self.held)

    def teardown(self) -> None:
        """Once all leases are over every slot is there again, each once."""
        for lease in self.held:
            lease.release()
        again = [self.leases.acquire(CAMERAS[0]) for _ in range(SLOTS)]
        assert len({lease.slot for lease in again if lease}) == SLOTS


AnyInterleaving.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestAnyInterleaving = AnyInterleaving.TestCase


def test_who_is_on_the_road_takes_no_lease_of_his_own_and_who_observes_is_passed_none() -> None:
    leases = SlotLeases(1, 1)
    lease = leases.acquire(CAMERAS[0])
    with pytest.raises(ValueError, match="one of them is an observer"):
        lease.pass_on(OBSERVERS[0])
    lease.pass_on(STAGES[0])
    with pytest.raises(ValueError, match="is no observer"):
        lease.share(STAGES[1])


def test_a_camera_that_waits_gets_the_slot_that_is_released() -> None:
    leases = SlotLeases(1)
    first = leases.acquire(CAMERAS[0])
    got: list[Lease | None] = []
    waiting = threading.Thread(target=lambda: got.append(leases.acquire(CAMERAS[1], timeout_s=20)))
    waiting.start()
    first.release()
    waiting.join(10)
    assert got[0].holder is CAMERAS[1]
    assert leases.acquire(CAMERAS[0], timeout_s=0.01) is None


def test_as_many_cameras_are_woken_as_slots_are_released() -> None:
    leases = SlotLeases(3)
    held = [leases.acquire(CAMERAS[0]) for _ in range(3)]
    got: queue.SimpleQueue[Lease | None] = queue.SimpleQueue()
    waiting = [threading.Thread(target=lambda: got.put(leases.acquire(CAMERAS[1], timeout_s=20))) for _ in range(3)]
    for thread in waiting:
        thread.start()
    while leases._waiting < 3:
        pass
    release_each(held)
    assert all(got.get(timeout=10) for _ in waiting)
    for thread in waiting:
        thread.join(10)


def test_threads_that_race_over_real_memory() -> None:
    """Cameras write a number all over a slot; stages and observers, some of which die, must read nothing else in it."""
    size, rounds = FrameSize(8, 64), 400
    ring = FrameRing(SLOTS, size, OBSERVER_SLOTS)
    torn: list[int] = []
    done: Counter[str] = Counter()
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)

    def read(lease: Lease, expected: int) -> None:
        if not (ring.pixels(lease, size) == expected).all():
            torn.append(lease.slot)

    def camera(number: int) -> None:
        rng = random.Random(number)
        me, judging = Holder(f"camera {number}"), Holder(f"judging {number}")
        observer = Holder(f"observer {number}", observer=True)
        kept: list[tuple[Lease, int]] = []
        for n in range(rounds):
            lease = ring.leases.acquire(me, timeout_s=20)
            assert lease is not None, "a camera starved"
            value = (number * 60 + n) % 256
            ring.pixels(lease, size)[...] = value
            lease.pass_on(judging)
            if (mine := lease.share(observer)) is not None:
                kept.append((mine, value))
                done["observed"] += 1
            read(lease, value)
            lease.release()
            done["frames"] += 1
            while kept and rng.random() < 0.5:
                mine, expected = kept.pop(rng.randrange(len(kept)))
                read(mine, expected)
                if rng.random() < 0.2:
                    assert ring.leases.take_back(observer) == len(kept) + 1
                    kept.clear()
                else:
                    mine.release()
        ring.leases.take_back(observer)

    threads = [threading.Thread(target=camera, args=(number,)) for number in range(4)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(40)
    finally:
        sys.setswitchinterval(before)
    assert not any(thread.is_alive() for thread in threads)
    assert not torn
    assert done["frames"] == 4 * rounds
    assert done["observed"] > rounds // 10
    assert (ring.leases.free, ring.leases.observed) == (SLOTS, 0)
    ring.close()


def test_a_window_is_a_part_of_its_slots_plane() -> None:
    ring = FrameRing(2, FrameSize(6, 10))
    lease = ring.leases.acquire(CAMERAS[0])
    ring.pixels(lease, FrameSize(6, 10))[...] = np.arange(60, dtype=np.uint8).reshape(6, 10)
    tile = ring.frames.view((lease.slot, 20), FrameSize(2, 10))
    assert tile.flags.c_contiguous
    np.testing.assert_array_equal(tile, np.arange(20, 40, dtype=np.uint8).reshape(2, 10))
    with pytest.raises(ValueError, match="reshape"):
        ring.frames.view((lease.slot, ring.frames.array.shape[1] - 10), FrameSize(2, 10))
    ring.close()
