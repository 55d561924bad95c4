"""Numbers of frames, and what the camera says of them, whatever goes wrong beside."""

from __future__ import annotations

import msgspec

from inspector.capture.source import Arrival
from inspector.frames.outcome import Reason, Settled
from inspector.results.journal_reader import JournalReader
from tests.line.sources import HangingCamera, ListCamera
from tests.line.test_line import CLEAN, wait_until


def test_an_error_while_lost_frames_are_settled_disturbs_no_number(start_line) -> None:
    lost: list[int] = []

    def observe(settled: Settled) -> None:
        if settled.outcome.reason is Reason.CAMERA_LOST:
            lost.append(settled.meta.frame)
            if len(lost) == 1:
                raise RuntimeError("out of cheese")

    camera = HangingCamera([CLEAN], at=3, rate_hz=100)
    line = start_line({"top": camera}, silent_after_s=0.1, line_options={"observe": observe}).line
    wait_until(lambda: len(lost) >= 2)
    camera.wake.set()
    wait_until(lambda: line.ledger.resolved_through("top") > 20)
    assert line.cameras.running
    assert lost[0] == 3
    assert not line.failures


class OddClock(ListCamera):
    """Its clock is at the end of its 64 bits."""

    def next(self) -> Arrival | None:
        """As told."""
        arrival = super().next()
        if arrival is None:
            return None
        return msgspec.structs.replace(arrival, camera_ns=2**63 - 1 + arrival.number, camera_clock="ticks")


def test_a_camera_time_that_no_reader_takes_is_not_published(start_line) -> None:
    running = start_line({"top": OddClock([CLEAN] * 2)})
    running.finish()
    with JournalReader(running.journal) as reader:
        headers = [row.packet().header for row in reader.rows(reader.epochs()[0], "top", limit=10)]
    assert {one.frame: one.camera_ns for one in headers if one.frame is not None} == {0: 2**63 - 1, 1: None}
