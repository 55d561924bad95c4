"""The bounds of the difference between two clocks hold whatever the delays are, and are void where the line's clock was set."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.client.controller.clock import TOO_OLD_NS, LineClock
from tests.client.controller.messages import MS, SECOND

OFFSET = 1_700_000_000 * SECOND
delays = st.lists(st.tuples(st.integers(0, 50 * MS), st.integers(0, 50 * MS)), min_size=1, max_size=30)


def exchanged(pairs: list[tuple[int, int]], offset: int = OFFSET) -> tuple[LineClock, int]:
    clock, now = LineClock(True, 0, 0), 0
    for there, back in pairs:
        clock.exchange(now, now + there + back, now + there + offset)
        now += SECOND // 4
    return clock, now


@given(delays)
def test_the_difference_is_within_the_bounds_of_exchanges(pairs: list[tuple[int, int]]) -> None:
    clock, now = exchanged(pairs)
    bounds = clock.bounds(now)
    assert bounds is not None
    assert bounds.least <= OFFSET <= bounds.most
    fastest = min(there + back for there, back in pairs[-4:])
    assert bounds.most - bounds.least <= fastest + 2 * TOO_OLD_NS * 200e-6 + 2


def test_exchanges_that_are_old_say_nothing() -> None:
    clock, now = exchanged([(MS, MS)])
    assert clock.bounds(now) is not None
    assert clock.bounds(now + TOO_OLD_NS) is None


def test_a_clock_that_was_set_is_measured_anew() -> None:
    clock, now = exchanged([(MS, MS)] * 4)
    clock.heard(now + OFFSET + 3600 * SECOND, now)
    assert clock.bounds(now) is None, "received an hour before it was published"
    clock.exchange(now - MS, now + MS, now + OFFSET)
    assert clock.bounds(now) is None, "this one began before the step was seen"
    clock.exchange(now + MS, now + 2 * MS, now + OFFSET + 3600 * SECOND)
    bounds = clock.bounds(now + 2 * MS)
    assert bounds is not None
    assert bounds.least > OFFSET + 3599 * SECOND
    back = OFFSET - 3600 * SECOND
    clock.exchange(now + 3 * MS, now + 4 * MS, now + 3 * MS + back)
    bounds = clock.bounds(now + 4 * MS)
    assert bounds is not None
    assert bounds.least <= back <= bounds.most


@settings(max_examples=40)
@given(st.lists(st.integers(0, 3 * SECOND), min_size=20, max_size=60))
def test_without_exchanges_the_fastest_message_bounds_it(slow: list[int]) -> None:
    """The fastest of them takes at most the least delay: every third one."""
    clock, now = LineClock(False, 2 * MS, SECOND), 0
    for number, extra in enumerate(slow):
        now += 100 * MS
        delay = MS if number % 3 == 0 else MS + extra
        clock.heard(now - delay + OFFSET, now)
    bounds = clock.bounds(now)
    if bounds is not None:
        assert bounds.least <= OFFSET <= bounds.most
    assert not clock.behind


def test_without_exchanges_nothing_is_known_at_first_and_after_a_step_forward() -> None:
    clock = LineClock(False, 2 * MS, SECOND)
    for number in range(11):
        clock.heard(number * 100 * MS + OFFSET, number * 100 * MS + MS)
    assert clock.bounds(SECOND) is None
    assert clock.bounds(SECOND + MS) is not None
    clock.heard(2 * SECOND + OFFSET + 10 * SECOND, 2 * SECOND + MS)
    assert clock.bounds(2 * SECOND + 2 * MS) is None
    assert clock.bounds(3 * SECOND + 2 * MS) is not None


def test_without_exchanges_a_step_back_looks_like_delay_and_is_told() -> None:
    clock = LineClock(False, 2 * MS, 0)
    clock.heard(OFFSET, MS)
    for number in range(1, 21):
        clock.heard(number * 100 * MS + OFFSET - 5 * SECOND, number * 100 * MS + MS)
    assert clock.behind
    bounds = clock.bounds(2 * SECOND)
    assert bounds is not None
    assert 2 * SECOND + OFFSET - 5 * SECOND - bounds.most < -2 * SECOND, (
        "what was captured now seems to be five seconds old, and is used for nothing"
    )
    clock.forget()
    assert not clock.behind
