"""Frames on their way to the child."""

from __future__ import annotations

from typing import Any

import pytest

from inspector.frames.layout import Layout, Piece
from inspector.frames.leased_frame import LeasedFrame
from inspector.frames.leases import Holder, Lease, SlotLeases
from inspector.frames.meta import FrameMeta
from inspector.frames.size import FrameSize
from inspector.inference.in_flight import STUCK, InFlightQueue
from inspector.inference.messages import InferenceResult
from inspector.inference.tiles import TiledResult

SECOND = 10**9


LEASES = SlotLeases(64)
HOLDER = Holder("inference")
JUDGES: Any = None
"""The queue only passes them on."""


def leased(slot: int, deadline_ns: int | None = None) -> LeasedFrame:
    return LeasedFrame(
        Lease(LEASES, slot, HOLDER), FrameMeta(camera="top", frame=slot, captured_ns=0, deadline_ns=deadline_ns), JUDGES
    )


def filled(count: int, limit: int) -> InFlightQueue:
    frames = InFlightQueue()
    frames.limit = limit
    for slot in range(count):
        frames.add(leased(slot))
    return frames


def finish(frames: InFlightQueue, windows: list[tuple[int, int]], now_ns: int) -> list[LeasedFrame]:
    """The frames that are answered when the child has the results of these windows."""
    results = [InferenceResult(slot, offset, 0.1, let_through=False) for slot, offset in windows]
    return [frame for frame, _ in frames.finished(results, now_ns)]


def test_as_many_in_flight_as_allowed_oldest_first() -> None:
    frames = filled(5, limit=2)
    due, stale = frames.next_for_child(0)
    assert [one.lease.slot for one in due] == [0, 1]
    assert not stale
    assert [one.meta.frame for one in finish(frames, [(1, 0)], 10)] == [1]
    assert [one.lease.slot for one in frames.next_for_child(10)[0]] == [2]
    assert len(frames) == 4


def test_the_child_is_hungry_until_it_has_enough() -> None:
    frames = filled(5, limit=4)
    frames.enough = 2
    assert frames.hungry
    frames.next_for_child(0)
    assert not frames.hungry
    finish(frames, [(0, 0), (1, 0), (2, 0)], 10)
    assert frames.hungry


def test_what_could_not_be_sent_waits_on_in_its_order() -> None:
    frames = filled(4, limit=2)
    frames.take_back(frames.next_for_child(0)[0])
    assert len(frames) == 4
    assert [frames.take_oldest_waiting().lease.slot for _ in range(4)] == [0, 1, 2, 3]


def test_frames_past_their_deadline_are_not_sent() -> None:
    frames = InFlightQueue()
    frames.limit = 3
    for one in (leased(0, deadline_ns=5), leased(1, deadline_ns=50), leased(2)):
        frames.add(one)
    due, stale = frames.next_for_child(5)
    assert [one.lease.slot for one in stale] == [0]
    assert [one.lease.slot for one in due] == [1, 2]


def test_silence_counts_from_the_last_progress_and_only_with_frames_in_flight() -> None:
    frames = filled(2, limit=2)
    assert frames.stalled(100 * SECOND, 1) == ""
    frames.next_for_child(100 * SECOND)
    assert frames.stalled(101 * SECOND, 1) == ""
    assert "hung" in frames.stalled(101 * SECOND + 1, 1)
    finish(frames, [(0, 0)], 102 * SECOND)
    assert frames.stalled(103 * SECOND, 1) == ""


def test_a_frame_that_others_pass_is_noticed() -> None:
    frames = filled(100, limit=2)
    frames.next_for_child(0)
    for second in range(1, STUCK + 1):
        finish(frames, [(second, 0)], second * SECOND)
        frames.next_for_child(second * SECOND)
        assert frames.stalled(second * SECOND, 1) == ""
    finish(frames, [(STUCK + 1, 0)], STUCK * SECOND + 1)
    assert "hung in part" in frames.stalled(STUCK * SECOND + 1, 1)


def test_giving_up_empties_what_it_names() -> None:
    frames = filled(4, limit=1)
    frames.next_for_child(0)
    assert [one.lease.slot for one in frames.give_up_in_flight()] == [0]
    assert [one.lease.slot for one in frames.give_up_waiting()] == [1, 2, 3]
    assert len(frames) == 0


def test_a_result_of_a_frame_that_is_not_in_flight_changes_nothing() -> None:
    frames = filled(3, limit=2)
    frames.next_for_child(0)
    with pytest.raises(KeyError):
        finish(frames, [(0, 0), (2, 0)], 10)
    assert [one.lease.slot for one in finish(frames, [(0, 0), (1, 0)], 10)] == [0, 1]


def test_the_oldest_frame_that_waits_on_the_road_is_taken_and_shadows_stay() -> None:
    frames = InFlightQueue()
    for slot in range(3):
        frames.add(leased(slot)._replace(shadow=slot < 2))
    assert frames.take_oldest_waiting().lease.slot == 2
    assert frames.take_oldest_waiting() is None
    assert len(frames) == 2


def test_the_bundle_is_behind_when_a_frame_waits_or_the_oldest_has_used_up_a_quarter_of_its_time() -> None:
    frames = InFlightQueue()
    frames.limit = 1
    assert not frames.behind(0)
    frames.add(leased(0, deadline_ns=8 * SECOND))
    assert frames.behind(0)
    frames.next_for_child(0)
    assert not frames.behind(2 * SECOND)
    assert frames.behind(2 * SECOND + 1)
    finish(frames, [(0, 0)], 3 * SECOND)
    frames.add(leased(1))
    frames.next_for_child(3 * SECOND)
    assert not frames.behind(1000 * SECOND), "without a deadline it cannot come too late"


def test_a_child_is_silent_once_a_deadline_passes_without_a_result_since_the_frame_was_sent() -> None:
    frames = InFlightQueue()
    frames.limit = 3
    for slot in range(3):
        frames.add(leased(slot, deadline_ns=(slot + 1) * SECOND))
    frames.next_for_child(0)
    assert frames.look(SECOND - 1) == ""
    assert "3 frames in flight" in frames.look(SECOND)
    assert frames.look(2 * SECOND) == "", "told already"


def test_a_child_that_is_late_but_gives_results_is_not_silent() -> None:
    """Under overload each frame is late, and results of earlier ones have come since it was sent."""
    frames = InFlightQueue()
    frames.limit = 2
    for slot in range(12):
        frames.add(leased(slot, deadline_ns=1_000_000_000 * SECOND if slot < 2 else slot * SECOND))
    frames.next_for_child(0)
    for slot in range(10):
        now_ns = slot * SECOND + SECOND // 2
        finish(frames, [(slot, 0)], now_ns)
        frames.next_for_child(now_ns)
        assert frames.look(now_ns + SECOND // 4) == ""


def test_an_engine_slower_than_the_deadline_is_silent_once_and_told_again_only_when_it_takes_much_longer() -> None:
    frames = InFlightQueue()
    frames.limit = 1

    def one(slot: int, sent_s: int, looks_s: list[float]) -> list[bool]:
        frames.add(leased(slot, deadline_ns=(sent_s + 1) * SECOND))
        frames.next_for_child(sent_s * SECOND)
        return [bool(frames.look(int(at_s * SECOND))) for at_s in looks_s]

    assert one(0, 0, [1]) == [True]
    finish(frames, [(0, 0)], 2 * SECOND)
    frames.silent = False
    assert one(1, 2, [3.1, 4.9]) == [False, False], "the same again"
    finish(frames, [(1, 0)], 4 * SECOND)
    assert one(2, 4, [5.1, 11.9, 12.1]) == [False, False, True], "more than four times as long"
    assert [frame.meta.frame for frame in frames.give_up_in_flight()] == [2]
    assert one(3, 20, [21.1]) == [True], "another child"
    finish(frames, [(3, 0)], 22 * SECOND)
    frames.silent = False
    assert one(4, 100, [101.1]) == [True], "forgotten by now"


def tiled(slot: int, tiles: int = 3) -> LeasedFrame:
    pieces = tuple(Piece(100 * number, 10 * number, 0, 0, 0, 10, 10) for number in range(tiles))
    return leased(slot)._replace(layout=Layout(FrameSize(10, 10 * tiles), FrameSize(10, 10), pieces))


def answer(slot: int, tile: int, score: float, *pixels: int) -> InferenceResult:
    scores = tuple(0.5 + score / 10 for _ in pixels)
    return InferenceResult(slot, 100 * tile, score, bool(pixels), pixels, scores)


def test_a_frame_of_several_windows_is_answered_once_by_the_last_of_them() -> None:
    frames = InFlightQueue()
    frames.limit = 2
    for one in (tiled(0), leased(1), tiled(2)):
        frames.add(one)
    due, _ = frames.next_for_child(0)
    assert [one.lease.slot for one in due] == [0], "whole, although there are more windows than the limit"
    assert (frames.in_flight, len(frames), frames.hungry) == (1, 3, False)
    assert frames.finished([answer(0, 2, 0.9, 5, 0), answer(0, 0, 0.1)], 1) == []
    assert [one.lease.slot for one in frames.next_for_child(1)[0]] == [1]
    both = frames.finished([InferenceResult(1, 0, 0.2, False), answer(0, 1, 0.6, 3, 4)], 2)
    assert [frame.lease.slot for frame, _ in both] == [1, 0]
    joined = both[1][1]
    assert isinstance(joined, TiledResult)
    assert (joined.gate_score, joined.let_through, joined.pixels) == (0.9, True, (8, 4))
    assert joined.scores == pytest.approx((0.59, 0.59))
    assert [one.offset for one in joined.tiles] == [0, 100, 200]


def test_frames_of_several_windows_are_taken_back_and_given_up_whole() -> None:
    frames = InFlightQueue()
    frames.limit = 100
    for one in (tiled(0), tiled(1), leased(2)):
        frames.add(one)
    frames.take_back(frames.next_for_child(0)[0])
    assert (frames.in_flight, len(frames)) == (0, 3)
    frames.next_for_child(0)
    frames.finished([answer(0, 0, 0.1), answer(1, 1, 0.9, 5, 0)], 1)
    with pytest.raises(KeyError):
        frames.finished([answer(0, 0, 0.1), answer(0, 1, 0.1)], 2)
    assert [one.lease.slot for one in frames.give_up_in_flight()] == [0, 1, 2]
    frames.add(tiled(0))  # the answers of the child before are forgotten
    frames.next_for_child(3)
    assert frames.finished([answer(0, 1, 0.1), answer(0, 2, 0.1)], 4) == []
    ((_, whole),) = frames.finished([answer(0, 0, 0.3)], 5)
    assert (whole.gate_score, whole.let_through, whole.pixels) == (0.3, False, ())


def test_windows_whose_results_contradict_each_other_are_answered_all_the_same() -> None:
    """Whoever judges the frame finds out; an exception here would lose the frame and its slot."""
    frames = InFlightQueue()
    frames.limit = 100
    frames.add(tiled(0, 2))
    frames.next_for_child(0)
    ((frame, whole),) = frames.finished([answer(0, 0, 0.9, 5, 3), answer(0, 1, 0.9, 4)], 1)
    assert (frame.lease.slot, whole.pixels, len(whole.scores)) == (0, (9, 3), 2)
