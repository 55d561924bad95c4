"""A clock that is stepped under an open camera, by libfaketime; the machine's own clock is never touched. ``tests/line/test_camera_line.py``
has the clocks that are off."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.capture.genicam.fake_camera import FakeCamera
from tests.capture.genicam.faked_time import faked

pytestmark = pytest.mark.usefixtures("camera_first")


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
