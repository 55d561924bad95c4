"""A line whose cameras run while its engines load: frames are told apart, and a start that fails accounts for them."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from inspector.config.load import parse_config
from inspector.errors import UserError
from inspector.line.line import Line
from inspector.line.start_info import captures_during_start
from inspector.protocol.messages import LineState
from tests.line.accounting import account
from tests.line.conftest import tiny_config
from tests.line.sources import GatedCamera, ListCamera
from tests.results.publishing import eventually
from tests.tiny_bundle import frame_with, make_tiny_bundle

CLEAN = frame_with([])


def test_frames_while_the_engines_load_are_told_apart(start_line) -> None:
    camera = GatedCamera([CLEAN] * 12, burst=8)
    running = start_line({"top": camera}, silent_after_s=60, capture_during_start=True)
    assert running.line.status.state is LineState.RUNNING
    eventually(lambda: running.line.ledger.resolved_through("top") == 7)
    camera.rest.set()
    found = running.finish()
    assert found.reasons == {"engine_starting": 8, "gate_clean": 4}
    assert found.verdicts[0][2] == "the engines are being loaded"
    assert [code for _, code, _ in found.statuses if code != "engines_loading"] == ["running", "draining", "stopped"]


def test_a_first_start_that_fails_ends_the_line_with_every_frame_accounted_for(tmp_path: Path) -> None:
    bundle = make_tiny_bundle(tmp_path / "bundle")
    (bundle.path / "gate.onnx").write_bytes(b"altered")
    config = tiny_config(bundle.path, tmp_path / "journal.sqlite", capture_during_start=True)
    camera = ListCamera([CLEAN], rate_hz=200, endless=True)
    line = Line(config, bundle, sources={"top": camera})
    with pytest.raises(UserError, match="was altered"), line:
        line.start(threading.Event())
    found = account(tmp_path / "journal.sqlite")
    assert set(found.reasons) <= {"engine_starting", "engine_down", "shutdown"}
    assert found.reasons["engine_starting"] > 10
    state, code, text = found.statuses[-1]
    assert (state, code) == ("stopped", "stopped")
    assert "was altered" in text


def test_a_recording_waits_for_the_engines_unless_told_otherwise() -> None:
    def captures(key: str) -> bool:
        text = f"line: l1\ncameras: [{{name: top, source: {{kind: simulator}}}}]\n{key}"
        return captures_during_start(parse_config(text, "test.yaml"))

    assert not captures("")
    assert captures("capture_during_start: true")
