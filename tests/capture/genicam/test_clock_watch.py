"""What is told of a camera's clock."""

from __future__ import annotations

from inspector.capture.genicam.clock_watch import STANDS_S, WINDOW, ClockWatch

MS, S, HOUR = 10**6, 10**9, 3600 * 10**9
WALL_AHEAD = 17 * 10**17
"""Wall clock minus monotonic clock, ns."""


class Frames:
    """A camera whose clock is ``offset_ns`` ahead of UTC, 10 frames a second."""

    def __init__(self, name: str, offset_ns: int = 0) -> None:
        self.now_ns, self.offset_ns, self.wall_ahead_ns = 10**15, offset_ns, WALL_AHEAD
        self.watch = ClockWatch(name, lambda: self.now_ns / 1e9)

    def come(self, count: int, late_ns: int = 0) -> None:
        for _ in range(count):
            self.now_ns += 100 * MS
            camera_ns = self.now_ns - late_ns + WALL_AHEAD + self.offset_ns
            self.watch.frame(camera_ns, self.now_ns, self.wall_ahead_ns)

    def told(self) -> tuple[bool, str]:
        report = self.watch.report()
        assert report is not None
        return report.in_specification, report.text


def test_nothing_is_told_before_the_first_frame() -> None:
    assert ClockWatch("ticks").report() is None


def test_a_ptp_clock_near_utc_is_in_specification_with_offset_and_spread() -> None:
    frames = Frames("ptp", -3 * MS)
    for late in range(40):
        frames.come(1, late_ns=late * 10_000)
    report = frames.watch.report()
    assert report is not None
    assert report.in_specification
    assert report.offset_ns is not None
    assert -4 * MS < report.offset_ns < -3 * MS
    assert report.spread_ns is not None
    assert 200_000 < report.spread_ns < 400_000


def test_a_clock_37_s_ahead_is_named_as_tai() -> None:
    frames = Frames("ptp", 37 * S)
    frames.come(3)
    well, text = frames.told()
    assert not well
    assert "37 s ahead of UTC: it counts TAI" in text


def test_a_clock_of_ticks_may_count_from_anywhere() -> None:
    frames = Frames("ticks", -WALL_AHEAD + 5 * S)
    frames.come(WINDOW)
    assert frames.told() == (True, "counts from the camera's start, spread 0.0 ms")


def test_a_restarted_camera_clock_is_told_and_accepted_in_the_end() -> None:
    frames = Frames("ticks")
    frames.come(10)
    frames.offset_ns = -HOUR
    frames.come(1)
    well, text = frames.told()
    assert not well
    assert "went back by 3600 s" in text
    frames.come(int(STANDS_S) * 10)
    assert frames.told()[0]


def test_a_step_is_told_but_late_frames_are_not() -> None:
    frames = Frames("ticks")
    frames.come(10)
    frames.come(8, late_ns=80 * MS)  # a busy machine
    frames.come(10)
    assert frames.told()[0]
    frames.offset_ns = 80 * MS
    frames.come(11)
    assert frames.told() == (False, "the camera's clock was set 0.08 s ahead")
    frames.offset_ns += 2 * S
    frames.come(3)
    assert frames.told() == (False, "the camera's clock was set 2.00 s ahead")


def test_a_step_of_this_machine_is_told_as_such() -> None:
    frames = Frames("ptp")
    frames.come(10)
    frames.wall_ahead_ns += HOUR
    frames.come(1)
    well, text = frames.told()
    assert not well
    assert text.startswith(
        "this machine's clock was set 3600 s ahead; the camera's was not; the camera's clock is 3600 s back of UTC"
    )
    ticks = Frames("ticks")
    ticks.come(10)
    ticks.wall_ahead_ns -= HOUR
    ticks.come(1)
    assert ticks.told() == (False, "this machine's clock was set 3600 s back; the camera's was not")
    ticks.come(int(STANDS_S) * 10)
    assert ticks.told()[0]
