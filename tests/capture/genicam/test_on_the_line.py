"""What the line needs of the source beside its frames: which device it is, that its threads have the camera's priority, and what to say of a
size."""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path

import pytest

from inspector.capture.genicam import GenicamSource
from inspector.config.genicam import GenicamConfig
from inspector.line.realtime import take_realtime
from tests.capture.genicam.fake_camera import FakeCamera

pytestmark = pytest.mark.usefixtures("camera_first")

_TASKS = Path("/proc/self/task")


def test_a_camera_that_is_chosen_by_address_tells_its_serial(
    camera: FakeCamera, caplog: pytest.LogCaptureFixture
) -> None:
    source = GenicamSource(GenicamConfig(address=camera.address), 64, 96)
    assert source.serial is None
    source.open()
    assert source.serial == camera.serial
    source.close()
    assert "are expected" not in caplog.text
    other = GenicamSource(GenicamConfig(address=camera.address), 64, 97)
    with caplog.at_level(logging.WARNING):
        other.open()
    other.close()
    assert "delivers frames of 64x96, and 64x97 are expected (height x width), so that all are refused" in caplog.text


def test_the_thread_that_receives_packets_has_the_priority_of_the_one_that_opens(camera: FakeCamera) -> None:
    found: list[int] = []
    refused: list[str] = []

    def opens() -> None:
        refused.append(take_realtime(7))
        source = GenicamSource(GenicamConfig(address=camera.address))
        source.open()
        names = {int(task.name): (task / "comm").read_text(encoding="ascii") for task in _TASKS.iterdir()}
        found.extend(os.sched_getscheduler(task) for task, name in names.items() if name.startswith("arv_gv_stream"))
        source.close()

    thread = threading.Thread(target=opens)
    thread.start()
    thread.join()
    assert (os.SCHED_OTHER if refused[0] else os.SCHED_FIFO) in found, "other cameras may be open too"
