"""Clocks that are off or stepped, by libfaketime; the machine's own clock is never touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from inspector.capture.genicam import GenicamSource
from inspector.config.genicam import GenicamConfig
from inspector.frames.clock import now_ns
from tests.capture.genicam.fake_camera import FakeCamera
from tests.capture.genicam.faked_time import faked

pytestmark = pytest.mark.usefixtures("camera_first")


def test_a_camera_37_s_ahead_and_restarted_clocks_are_told_and_change_no_time() -> None:
    with FakeCamera(rate_hz=200, environment=faked(FAKETIME="+37s")) as camera:
        source = GenicamSource(GenicamConfig(address=camera.address, clock="ptp"))
        source.open()
        for _ in range(20):
            arrival = source.next()
            assert arrival is not None
            assert 0 <= now_ns() - arrival.captured_ns < 5_000_000_000
        report = source.clock()
        assert report is not None
        assert not report.in_specification
        assert report.text.endswith("37 s ahead of UTC: it counts TAI; the PTP master must announce the offset to UTC")
        assert report.offset_ns is not None
        assert abs(report.offset_ns - 37_000_000_000) < 500_000_000
        source.close()
        camera.kill()
        camera.start(faked(FAKETIME="-1h"))  # the same camera, with another time
        source.open()
        arrival = source.next()
        assert arrival is not None
        assert 0 <= now_ns() - arrival.captured_ns < 5_000_000_000
        report = source.clock()
        assert report is not None
        assert "the camera's clock went back by" in report.text
        source.close()


def test_an_hour_more_on_this_machine_is_told_and_moves_no_capture_time(camera: FakeCamera, tmp_path: Path) -> None:
    file = tmp_path / "time"
    file.write_text("+0s", encoding="ascii")
    settings = faked(FAKETIME_TIMESTAMP_FILE=str(file), FAKETIME_NO_CACHE="1")
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-m", "tests.capture.genicam.stepped_clock", camera.address, str(file)],
        env={**os.environ, "PYTHONPATH": str(root), **settings},
        cwd=root,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=40,
    )
    before, after = map(json.loads, done.stdout.splitlines())
    assert after["wall"] - before["wall"] > 3599
    assert before["well"], before["text"]
    assert not after["well"]
    assert after["text"].startswith("this machine's clock was set 3600 s ahead; the camera's was not")
    for one in (before, after):
        assert one["in_order"]
        assert one["youngest"] >= 0
        assert one["oldest"] < 5000
