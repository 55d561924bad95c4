"""A camera whose read hangs: the line says so, its frames get their verdicts, and the line can still be stopped."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from contextlib import closing

from inspector.line.silence import Silence
from inspector.protocol.messages import LineState
from tests.line.accounting import account
from tests.line.sources import HangingCamera, ListCamera
from tests.line.test_line import CLEAN, wait_until


def test_frames_that_a_silent_camera_owes_get_their_verdicts_as_they_fall_due(start_line) -> None:
    camera = HangingCamera([CLEAN], at=3, rate_hz=50)
    running = start_line({"top": camera, "side": ListCamera([CLEAN], rate_hz=50, endless=True)}, silent_after_s=0.2)
    line = running.line
    wait_until(lambda: line.status.state is LineState.DEGRADED)
    for more in (15, 25):  # also while it stays silent
        wait_until(lambda more=more: line.ledger.resolved_through("top") >= more)
    camera.wake.set()
    wait_until(lambda: line.status.state is LineState.RUNNING)
    seen = line.ledger.counts()["top"].frames
    wait_until(lambda: line.ledger.counts()["top"].frames > seen + 10)
    line.stop()
    found = account(running.journal)  # each frame has one verdict, also those that arrived after they were given up
    lost = [frame for frame, (_, reason, _) in found.verdicts.items() if reason == "camera_lost"]
    assert lost[0] == 3
    assert len(lost) > 20
    assert "the camera has delivered nothing for" in found.verdicts[3][2]
    assert found.reasons["gate_clean"] > 10
    told = [(state, code, text) for state, code, text in found.statuses if code.startswith("camera_")]
    assert [(state, code) for state, code, _ in told] == [("degraded", "camera_silent"), ("running", "camera_delivers")]
    assert told[0][2].startswith("camera top has delivered nothing for 0.")
    assert account(running.journal, "side").reasons["camera_lost"] == 0


def test_without_a_rate_no_frame_is_made_up_and_a_slow_rate_is_no_silence(start_line) -> None:
    hanging, slow = HangingCamera([CLEAN], at=3), ListCamera([CLEAN], rate_hz=3, endless=True)
    running = start_line({"top": hanging, "side": slow}, silent_after_s=0.1)
    wait_until(lambda: running.line.status.state is LineState.DEGRADED)
    wait_until(lambda: running.line.ledger.resolved_through("side") >= 1)
    running.line.stop()
    found = account(running.journal)
    assert found.reasons == {"gate_clean": 3}
    told = [text for _, code, text in found.statuses if code == "camera_silent"]
    assert [text.partition(" has")[0] for text in told] == ["camera top"]
    hanging.wake.set()


def test_a_camera_whose_frame_waits_for_a_slot_owes_nothing() -> None:
    silence = Silence(1.0)
    silence.begin()
    assert [silence.owing_s(True, now_s) for now_s in (5.0, 6.5)] == [0.0, 1.5]
    assert silence.owing_s(False, 7.0) == 0.0
    silence.end()
    assert [silence.owing_s(True, now_s) for now_s in (8.0, 50.0)] == [0.0, 0.0]


def test_stop_in_two_seconds_with_camera_child_and_disk_hanging_at_once(start_line) -> None:
    """Each is left behind or ended by force; every frame that was captured has its verdict, though the journal could not be written."""
    cameras = {name: HangingCamera([CLEAN], at=40, rate_hz=100) for name in ("top", "side", "low")}
    running = start_line(cameras, deadline_ms=60_000, journal={"busy_timeout_ms": 60_000}, drain_timeout_s=1.0)
    line = running.line
    wait_until(lambda: line.ledger.resolved_through("top") >= 5)
    with closing(sqlite3.connect(running.journal, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        os.kill(line.inference.active.supervisor.child_pid, signal.SIGSTOP)
        wait_until(lambda: line.ledger.counts()["low"].frames == 40)
        begun = time.monotonic()
        line.stop()
        assert time.monotonic() - begun < 2
        assert not line.ledger.open_frames()
        other.execute("ROLLBACK")
    for camera in cameras.values():
        camera.wake.set()
