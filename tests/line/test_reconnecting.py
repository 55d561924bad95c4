"""A live camera that is lost while the line runs: each frame has one verdict, the camera is opened again, and the line can be stopped meanwhile."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator

import pytest

from inspector.capture.source import CameraLostError
from inspector.config.camera import CameraConfig
from inspector.config.simulator import SimulatorConfig
from inspector.errors import UserError
from inspector.frames.camera_clock import ClockReport
from inspector.frames.camera_state import FOLLOWING, CameraState
from inspector.frames.position import UNKNOWN
from inspector.line import camera_watch, connection
from inspector.line.camera_watch import Absence
from inspector.line.line import Line
from inspector.line.line_report import LineReporter
from inspector.line.metrics import LineMetrics
from inspector.line.positions import Positions
from inspector.protocol.messages import LineState, Signal
from tests.line.accounting import account
from tests.line.live_camera import CameraServer, LiveCamera
from tests.line.sources import ListCamera
from tests.line.test_line import CLEAN, wait_until


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cameras are opened again sooner, and clocks looked at more often."""
    monkeypatch.setattr(connection, "FIRST_WAIT_S", 0.1)
    monkeypatch.setattr(camera_watch, "CLOCK_EVERY_S", 0.05)


@pytest.fixture
def server() -> Iterator[CameraServer]:
    server = CameraServer(rate_hz=100)
    yield server
    server.close()


@pytest.fixture
def other_server() -> Iterator[CameraServer]:
    server = CameraServer(rate_hz=100)
    yield server
    server.close()


def frames_of(line, camera: str = "top") -> int:
    return line.ledger.counts()[camera].frames if camera in line.ledger.counts() else 0


def told(found) -> list[tuple[str, str]]:
    return [(state, code) for state, code, _ in found.statuses if code.startswith("camera_")]


def test_a_camera_lost_in_the_middle_comes_back_and_no_frame_is_without_a_verdict(start_line, server) -> None:
    camera = LiveCamera(server, [CLEAN], rate_hz=100)
    other = ListCamera([CLEAN], rate_hz=50, endless=True)
    running = start_line({"top": camera, "side": other}, ring={"slots": 128})  # no overload where the machine is busy
    line = running.line
    reporter = LineReporter(line)
    wait_until(lambda: frames_of(line) >= 20)
    server.there.clear()
    wait_until(lambda: reporter.report().cameras[0].state is CameraState.RECONNECTING)
    assert line.status.state is LineState.DEGRADED
    assert [(one.part, one.code, one.signal) for one in line.health.reasons] == [
        ("camera top", "camera_reconnecting", Signal.FAILURE)
    ]
    away, seen = frames_of(line), frames_of(line, "side")
    wait_until(lambda: line.ledger.resolved_through("top") >= away + 10)  # settled as they fall due
    wait_until(lambda: frames_of(line, "side") > seen + 10)  # the other camera goes on
    server.there.set()
    wait_until(lambda: line.status.state is LineState.RUNNING)
    back = frames_of(line)
    wait_until(lambda: line.ledger.resolved_through("top") >= back + 20)
    report = reporter.report().cameras[0]
    assert (report.state, report.reconnects) == (CameraState.STREAMING, 1)
    assert report.source is not None
    assert report.source.received >= 40
    assert [one.reason.value for one in reporter.report().last_rejects] == ["camera_lost"], "one loss, not many"
    assert next(iter(line.cameras)).numbering.gaps == 1
    line.stop()
    assert not {thread.name for thread in threading.enumerate()} & {"camera-top", "silence"}
    found = account(running.journal)
    lost = [frame for frame, (_, reason, _) in found.verdicts.items() if reason == "camera_lost"]
    assert lost == list(range(lost[0], lost[-1] + 1)), "frames before and after were delivered"
    assert len(lost) >= 10, "it was away for a tenth of a second at 100 Hz"
    assert all(
        detail.endswith("(estimated)") for _, reason, detail in found.verdicts.values() if reason == "camera_lost"
    )
    assert found.reasons["gate_clean"] + len(lost) == len(found.verdicts)
    assert told(found) == [("degraded", "camera_reconnecting"), ("running", "camera_back")]
    (text,) = [text for _, code, text in found.statuses if code == "camera_back"]
    assert re.fullmatch(rf"camera top is back after \d\.\d s; by its rate of 100 Hz it missed {len(lost)} frames", text)
    assert account(running.journal, "side").reasons["camera_lost"] == 0


def test_without_a_rate_one_lost_frame_says_that_their_number_is_unknown(start_line, server) -> None:
    camera = LiveCamera(server, [CLEAN], rate_hz=None)
    running = start_line({"top": camera})
    line = running.line
    wait_until(lambda: frames_of(line) >= 5)
    server.there.clear()
    wait_until(lambda: line.status.state is LineState.DEGRADED)
    before = frames_of(line)
    server.there.set()
    wait_until(lambda: line.ledger.resolved_through("top") >= before + 5)
    metrics = {
        (sample.name, sample.labels.get("state")): sample.value
        for family in LineMetrics(line).collect()
        for sample in family.samples
    }
    assert metrics["inspector_camera_reconnects_total", None] == 1
    assert metrics["inspector_camera_state", "streaming"] == 1
    assert metrics["inspector_camera_state", "reconnecting"] == 0
    line.stop()
    found = account(running.journal)
    lost = {frame: detail for frame, (_, reason, detail) in found.verdicts.items() if reason == "camera_lost"}
    assert lost == {before: "the camera was lost and is back; how many frames it missed is not known"}


def test_the_line_stops_while_cameras_are_reconnecting(start_line, server, other_server) -> None:
    """One of them waits to be opened again, the other hangs in opening."""
    waiting = LiveCamera(server, [CLEAN], rate_hz=100)
    hanging = LiveCamera(other_server, [CLEAN], rate_hz=100, answers_s=None)
    running = start_line({"waiting": waiting, "hanging": hanging})
    line = running.line
    links = [one.connection for one in line.cameras]
    wait_until(lambda: frames_of(line, "waiting") >= 5 and frames_of(line, "hanging") >= 5)
    for one in (server, other_server):
        one.there.clear()
    wait_until(lambda: waiting.opening.is_set() and hanging.opening.is_set())
    assert [link.state for link in links] == [CameraState.RECONNECTING] * 2
    begun_s = time.monotonic()
    line.stop()
    assert time.monotonic() - begun_s < 2
    assert [link.state for link in links] == [CameraState.CLOSED] * 2
    for camera in ("waiting", "hanging"):
        account(running.journal, camera)
    closed = hanging.closed
    other_server.there.set()  # the camera that hung answers: it is released by the thread that was left behind
    wait_until(lambda: hanging.closed > closed)
    assert [link.state for link in links] == [CameraState.CLOSED] * 2


class OddCamera(LiveCamera):
    """Breaks with an error of its own when the connection ends."""

    def next(self):
        """As told."""
        try:
            return super().next()
        except CameraLostError:
            raise RuntimeError("out of cheese") from None


def test_an_internal_error_ends_the_camera(start_line, server) -> None:
    running = start_line({"top": OddCamera(server, [CLEAN], rate_hz=100)})
    line = running.line
    wait_until(lambda: frames_of(line) >= 5)
    server.there.clear()
    wait_until(lambda: not line.cameras.running)
    assert next(iter(line.cameras)).connection.state is CameraState.FAILED
    assert line.failures == ["cameras.top: internal error: out of cheese"]
    line.stop()
    assert told(account(running.journal)) == [("degraded", "camera_failed")]
    assert next(iter(line.cameras)).connection.state is CameraState.FAILED


def test_a_camera_that_has_failed_is_not_told_to_be_silent_too(
    start_line, server, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[CameraState] = []

    def failed(line: Line, camera: str, why: str) -> None:
        (one,) = line.cameras
        for later_s in (0, 1000):
            one.watch.look(time.monotonic() + later_s)
        looked.append(one.connection.state)

    monkeypatch.setattr(Line, "camera_failed", failed)
    line = start_line({"top": OddCamera(server, [CLEAN], rate_hz=100)}).line
    wait_until(lambda: frames_of(line) >= 5)
    server.there.clear()
    wait_until(lambda: not line.cameras.running)
    assert looked == [CameraState.FAILED]


def test_a_camera_that_cannot_be_opened_refuses_the_start(start_line, server) -> None:
    server.there.clear()
    with pytest.raises(UserError, match=r"^cameras.top: the camera does not answer$"):
        start_line({"top": LiveCamera(server, [CLEAN], rate_hz=100)})


def test_a_camera_that_sends_nothing_is_stalled_and_a_clock_out_of_specification_changes_no_verdict(
    start_line, server
) -> None:
    camera = LiveCamera(server, [CLEAN], rate_hz=100)
    running = start_line({"top": camera}, silent_after_s=0.1)
    line = running.line
    link = next(iter(line.cameras)).connection
    wait_until(lambda: frames_of(line) >= 5)
    server.sending.clear()
    wait_until(lambda: link.state is CameraState.STALLED)
    server.sending.set()
    wait_until(lambda: link.state is CameraState.STREAMING and line.health.signal is Signal.NORMAL)
    first = frames_of(line)
    off = ClockReport(name="ptp", offset_ns=37_000_000_000, spread_ns=900, in_specification=False, text="37 s ahead")
    camera.clock_report = off
    wait_until(lambda: line.health.signal is Signal.OUT_OF_SPECIFICATION)
    assert line.status.state is LineState.RUNNING
    assert [(one.part, one.text) for one in line.health.reasons] == [
        ("clock of camera top", "camera top: clock 37 s ahead")
    ]
    clock = LineReporter(line).report().cameras[0].clock
    assert clock is not None
    assert (clock.name, clock.offset_ns, clock.in_specification) == ("ptp", 37_000_000_000, False)
    wait_until(lambda: frames_of(line) > first + 5)
    camera.clock_report = ClockReport(name="ptp", offset_ns=40, spread_ns=900, in_specification=True, text="0 us ahead")
    wait_until(lambda: line.health.signal is Signal.NORMAL)
    line.stop()
    assert link.state is CameraState.CLOSED
    found = account(running.journal)
    assert {reason for frame, (_, reason, _) in found.verdicts.items() if frame > first} == {"gate_clean"}
    assert told(found) == [
        ("degraded", "camera_silent"),
        ("running", "camera_delivers"),
        ("running", "camera_clock"),
        ("running", "camera_clock_well"),
    ]


def test_positions_are_unknown_from_a_loss_to_the_next_run() -> None:
    positions = Positions(CameraConfig(name="top", source=SimulatorConfig(), travel_um_per_frame=1000))
    assert positions.of(3, None, "a").position_um == 3000
    positions.broken()
    assert positions.of(9, None, "a") == UNKNOWN
    assert positions.of(10, None, "b").position_um == 0, "counting begins again"
    assert positions.of(11, None, "b").position_um == 1000


def test_frames_due_are_those_of_the_rate_each_once() -> None:
    absence = Absence(1_000_000_000, 10.0)
    assert [absence.due(1_000_000_000 + ms * 1_000_000) for ms in (0, 99, 100, 101, 350, 340, 1000)] == [
        0,
        0,
        1,
        0,
        2,
        0,
        7,
    ]
    assert absence.missed == 10
    assert Absence(0, None).due(10**12) == 0


def test_every_state_has_its_successors() -> None:
    assert set(FOLLOWING) == set(CameraState)
    assert all(state not in after for state, after in FOLLOWING.items())
    assert not FOLLOWING[CameraState.FAILED]
