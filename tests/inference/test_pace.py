"""How many frames go together: bounded by time, never fewer than usual."""

from __future__ import annotations

import pytest

from inspector.inference.cascade import Stage
from inspector.inference.pace import BATCH_NS, IN_FLIGHT_NS, LARGEST_BATCH, MOST_IN_FLIGHT, Pace

USUAL = 12
MICROSECOND, MILLISECOND = 1_000, 1_000_000


def paced(gate_ns: int, segmenter_ns: int | None, *, any_batch: bool = True, batches: int = 100) -> Pace:
    """After batches of four frames, one after the other, that took this long for each frame."""
    pace, now = Pace(USUAL, any_batch=any_batch), 0
    for _ in range(batches):
        for stage, frame_ns in ((Stage.GATE, gate_ns), (Stage.SEGMENTER, segmenter_ns)):
            if frame_ns is not None:
                pace.took(stage, 4, now, now + 4 * frame_ns)
                now += 4 * frame_ns
    return pace


@pytest.mark.parametrize("gate_ns", [MILLISECOND, 5 * MILLISECOND])
def test_engines_of_milliseconds_keep_the_usual_numbers(gate_ns: int) -> None:
    pace = paced(gate_ns, 5 * MILLISECOND)
    assert pace.in_flight == USUAL
    assert pace.largest_batch(Stage.GATE) <= BATCH_NS // gate_ns <= 4


def test_what_is_in_flight_takes_no_longer_than_it_may() -> None:
    pace = paced(20 * MICROSECOND, 80 * MICROSECOND)
    assert USUAL < pace.in_flight == IN_FLIGHT_NS // (100 * MICROSECOND)
    assert pace.largest_batch(Stage.GATE) == LARGEST_BATCH
    assert paced(0, 0).in_flight == MOST_IN_FLIGHT


def test_a_fast_gate_is_no_reason_while_the_segmenter_is_unknown_or_slow() -> None:
    assert paced(20 * MICROSECOND, None).in_flight == USUAL
    assert paced(20 * MICROSECOND, 5 * MILLISECOND).in_flight == USUAL, "all that is in flight may be let through"


def test_batches_of_prepared_sizes_do_not_grow() -> None:
    assert paced(20 * MICROSECOND, 20 * MICROSECOND, any_batch=False).largest_batch(Stage.GATE) == 0


def test_engines_that_become_slow_are_noticed_within_some_batches() -> None:
    pace = paced(20 * MICROSECOND, 80 * MICROSECOND)
    now = 10**12
    for number in range(5):
        pace.took(Stage.SEGMENTER, 4, now + number * 20 * MILLISECOND, now + (number + 1) * 20 * MILLISECOND)
    assert pace.in_flight == USUAL


def test_batches_that_are_computed_in_parallel_count_as_the_device_computes_them() -> None:
    """Two lanes, each of which takes 400 us a frame: a frame every 200 us."""
    pace = Pace(4, any_batch=True)
    for turn in range(100):
        for lane in range(2):
            now = (2 * turn + lane) * 800 * MICROSECOND
            for stage in Stage:
                pace.took(stage, 4, now, now + 1600 * MICROSECOND)
    assert pace.largest_batch(Stage.GATE) == BATCH_NS // (400 * MICROSECOND)
    assert pace.in_flight > IN_FLIGHT_NS // (800 * MICROSECOND), "more than if the lanes took turns"
