"""What cameras need of a machine, and the cameras of a line that OpenCV reads."""

from __future__ import annotations

import ctypes
from pathlib import Path

import cv2
import numpy as np
import pytest

from inspector.config.camera import CameraConfig
from inspector.config.fit import FitConfig, SizePx
from inspector.config.opencv import OpenCvConfig
from inspector.doctor.cameras import aravis, buffers
from inspector.doctor.finding import Section, State, Subject
from inspector.doctor.opencv_camera import opencv_finding
from inspector.doctor.probing import Probed, probe
from inspector.frames.size import FrameSize
from tests.doctor.machine_files import named, show

CAMERA = Subject(Section.LINE, "Camera top", needed=True)


@pytest.mark.parametrize(("size", "state"), [("212992\n", State.NOTE), ("33554432\n", State.OK)])
def test_receive_buffers_are_those_of_the_kernel(tmp_path: Path, size: str, state: State) -> None:
    finding = named("Receive buffers", buffers(show(tmp_path, proc__sys__net__core__rmem_max=size)))
    assert finding.state is state
    assert "net.core.rmem_max" in finding.found
    assert ("inspector.sysctl.conf" in finding.advice) == (state is State.NOTE)


def test_a_kernel_that_does_not_show_them_says_nothing(tmp_path: Path) -> None:
    assert not list(buffers(tmp_path))


def test_the_library_for_cameras_is_found_or_its_package_named() -> None:
    try:
        ctypes.CDLL("libaravis-0.8.so.0")
    except OSError:
        assert probe("aravis") == ({"missing": True}, "")
    else:
        assert probe("aravis").facts["version"][:2] == [0, 8]
    missing = aravis(Probed({"missing": True}))
    assert (missing.state, missing.stops_the_line) == (State.NOTE, False)
    assert "apt-get install libaravis-0.8-0" in missing.advice
    assert aravis(Probed({"version": [0, 8, 26]})).state is State.OK
    assert aravis(Probed({"version": [0, 8, 10]})).state is State.NOTE
    assert aravis(Probed({}, "crashes with SIGSEGV")).state is State.WRONG


def test_devices_and_streams_are_not_opened(tmp_path: Path) -> None:
    def found(**keys):
        source = OpenCvConfig(**keys)
        return opencv_finding(CameraConfig(name="top", source=source), source, CAMERA, FrameSize(48, 80))

    assert found(device=1023).state is State.WRONG
    assert "no such device" in found(device=1023).found
    stream = found(url="http://192.0.2.1/video")
    assert stream.state is State.OK
    assert "a loss cannot be proved" in stream.advice
    assert found(url="http://192.0.2.1/video", credentials=str(tmp_path / "none")).state is State.WRONG
    assert found(file=str(tmp_path / "none.avi")).state is State.WRONG


def test_the_first_frame_of_a_video_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "strip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (80, 48))
    writer.write(np.full((48, 80, 3), 90, np.uint8))
    writer.release()
    source = OpenCvConfig(file=str(path))
    plain = CameraConfig(name="top", source=source)
    tiled = CameraConfig(
        name="top", source=source, fit=FitConfig(mode="tile", size=SizePx(height=48, width=80), overlap_px=8)
    )
    assert opencv_finding(plain, source, CAMERA, FrameSize(48, 80)).state is State.OK
    assert opencv_finding(tiled, source, CAMERA, FrameSize(32, 48)).state is State.OK
    assert "uint8 [48, 80]; expected uint8 [32, 48]" in opencv_finding(plain, source, CAMERA, FrameSize(32, 48)).found
