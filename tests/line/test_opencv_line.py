"""The whole line on a network camera: motion JPEG over HTTP, lost in the middle."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from engines.bundle import Bundle
from inspector.errors import UserError
from inspector.frames.camera_state import CameraState
from inspector.line import connection
from inspector.line.line import Line
from inspector.line.line_report import LineReporter
from inspector.protocol.messages import LineState
from inspector.results.journal_reader import JournalReader
from tests.capture.opencv.mjpeg_server import MjpegServer, serving
from tests.line.accounting import account
from tests.line.conftest import tiny_config
from tests.line.test_line import CLEAN, wait_until
from tests.tiny_bundle import frame_with

BAD = frame_with([(192, 12)])


def camera(server: MjpegServer, **source: object) -> list[dict[str, object]]:
    return [
        {
            "name": "top",
            "source": {"kind": "opencv", "url": server.url, **source},
            "frame_check": {"enabled": False},
            "travel_um_per_frame": 1000,
        }
    ]


def test_a_network_camera_lost_in_the_middle_costs_no_verdict(
    start_line, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "FIRST_WAIT_S", 0.1)
    with serving([CLEAN, BAD], rate_hz=100) as server, caplog.at_level(logging.INFO):
        running = start_line({}, cameras=camera(server))
        line = running.line
        reporter = LineReporter(line)
        states = [CameraState.STREAMING]

        def state() -> CameraState:
            now = reporter.report().cameras[0].state
            if now is not states[-1]:
                states.append(now)
            return now

        wait_until(lambda: state() is CameraState.STREAMING and line.ledger.resolved_through("top") >= 20)
        server.there.clear()
        wait_until(lambda: state() is CameraState.RECONNECTING)
        assert line.status.state is LineState.DEGRADED
        before = line.ledger.counts()["top"].frames
        wait_until(lambda: "cannot be opened again yet" in caplog.text)
        server.there.set()
        wait_until(lambda: state() is CameraState.STREAMING and line.ledger.resolved_through("top") >= before + 20)
        begun_s = time.monotonic()
        line.stop()
        assert time.monotonic() - begun_s < 2
        wait_until(lambda: state() is CameraState.CLOSED)
        counted = reporter.report().cameras[0].source
    found = account(running.journal)
    gap = {frame: detail for frame, (_, reason, detail) in found.verdicts.items() if reason == "camera_lost"}
    assert gap[before] == "the camera was lost and is back; how many frames it missed is not known"
    assert counted is not None
    assert counted.lost is None
    # Every frame that was read has a verdict, and one stands for those that nobody counted. What was read after the stop has none.
    assert len(gap) - 1 <= counted.dropped
    assert 0 <= counted.received + 1 - len(found.verdicts) <= 3
    assert found.reasons["gate_clean"] >= 5
    assert found.reasons["defect"] >= 5
    assert found.reasons["bad_frame"] == 0
    with JournalReader(running.journal) as reader:
        (epoch,) = reader.epochs()
        headers = [row.packet().header for row in reader.rows(epoch, "top", limit=100_000)]
    positions = {header.frame: header.position_um for header in headers if header.frame is not None}
    assert all(position == (frame * 1000 if frame < before else None) for frame, position in positions.items())
    assert states == [CameraState.STREAMING, CameraState.RECONNECTING, CameraState.STREAMING, CameraState.CLOSED]
    told = [(state, code) for state, code, _ in found.statuses if code.startswith("camera_")]
    assert told == [("degraded", "camera_reconnecting"), ("running", "camera_back")]
    assert "camera top is open; it numbers no frames, so a loss cannot be proved" in caplog.text
    assert not any(thread.name.startswith("opencv") for thread in threading.enumerate())


def test_a_stream_of_another_size_is_no_frame_of_the_line(start_line) -> None:
    with serving([np.full((48, 80), 100, np.uint8)], rate_hz=50) as server:
        running = start_line({}, cameras=camera(server))
        wait_until(lambda: running.line.ledger.resolved_through("top") >= 3)
        running.line.stop()
    found = account(running.journal)
    details = {detail for _, reason, detail in found.verdicts.values() if reason == "bad_frame"}
    assert details == {"the camera delivered uint8 [48, 80]; expected uint8 [32, 48]"}


def test_a_stream_that_cannot_be_opened_refuses_the_start(tiny_bundle: Bundle, tmp_path: Path) -> None:
    with serving([CLEAN], rate_hz=50) as server:
        server.there.clear()
        config = tiny_config(tiny_bundle.path, tmp_path / "journal.sqlite", cameras=camera(server))
        with Line(config, tiny_bundle) as line, pytest.raises(UserError, match=r"^cameras\.top: http://127"):
            line.start(threading.Event())
