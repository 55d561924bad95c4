"""Stamps of the wall clock become monotonic time, whatever happens to the wall clock."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from inspector.capture.genicam.arrival_time import ArrivalTime

MS, HOUR = 10**6, 3600 * 10**9


class Clocks:
    """Two clocks that are moved by hand."""

    def __init__(self) -> None:
        self.now_ns, self.ahead_ns = 10**15, 17 * 10**17

    def wall(self) -> int:
        return self.now_ns + self.ahead_ns

    def monotonic(self) -> int:
        return self.now_ns


def test_a_frame_came_when_its_stamp_says() -> None:
    clocks = Clocks()
    times = ArrivalTime(clocks.wall, clocks.monotonic)
    stamp_ns, came_ns = clocks.wall(), clocks.now_ns
    clocks.now_ns += 40 * MS
    assert times.of(stamp_ns) == came_ns


@given(st.sampled_from((HOUR, -HOUR, 37 * 10**9, -5 * 10**9)), st.integers(0, 300), st.integers(0, 300))
def test_a_step_of_the_wall_clock_before_or_after_the_stamp_changes_nothing(
    step_ns: int, before: int, after: int
) -> None:
    clocks = Clocks()
    times = ArrivalTime(clocks.wall, clocks.monotonic)
    clocks.now_ns += before * MS
    stamps = [(clocks.wall(), clocks.now_ns)]
    clocks.ahead_ns += step_ns
    stamps.append((clocks.wall(), clocks.now_ns))
    clocks.now_ns += after * MS
    stamps.append((clocks.wall(), clocks.now_ns))
    assert [times.of(stamp_ns) for stamp_ns, _ in stamps] == [came_ns for _, came_ns in stamps]


def test_a_queue_of_frames_from_before_a_step_keeps_its_times() -> None:
    clocks = Clocks()
    times = ArrivalTime(clocks.wall, clocks.monotonic)
    stamps = []
    for _ in range(20):
        clocks.now_ns += 100 * MS
        stamps.append((clocks.wall(), clocks.now_ns))
        times.look()
    clocks.ahead_ns -= HOUR
    clocks.now_ns += 100 * MS
    assert [times.of(stamp_ns) for stamp_ns, _ in stamps] == [came_ns for _, came_ns in stamps]


def test_slewing_is_followed() -> None:
    clocks = Clocks()
    times = ArrivalTime(clocks.wall, clocks.monotonic)
    for _ in range(1000):
        clocks.now_ns += 100 * MS
        clocks.ahead_ns += 50_000
        times.look()
    stamp_ns, came_ns = clocks.wall(), clocks.now_ns
    clocks.now_ns += 5 * MS
    assert times.of(stamp_ns) == came_ns


def test_a_stamp_that_no_clock_explains_is_now() -> None:
    clocks = Clocks()
    times = ArrivalTime(clocks.wall, clocks.monotonic)
    clocks.now_ns += MS
    for stamp_ns in (0, clocks.wall() + HOUR, clocks.wall() - HOUR):
        assert times.of(stamp_ns) == clocks.now_ns
