"""A video file as a camera: every frame, in order, then the end."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from inspector.capture.make import is_software, make_source
from inspector.config.opencv import OpenCvConfig
from inspector.errors import UserError


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "strip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (80, 48))
    for level in range(10):
        writer.write(np.full((48, 80, 3), 20 * level, np.uint8))
    writer.release()
    return path


@pytest.mark.parametrize("rate_hz", [None, 500.0])
def test_every_frame_is_delivered_in_order(video: Path, rate_hz: float | None) -> None:
    config = OpenCvConfig(file=str(video), rate_hz=rate_hz)
    source = make_source(config, 48, 80)
    assert is_software(config)
    assert not source.live
    source.open()
    seen = [source.next() for _ in range(10)]
    assert source.next() is None
    assert [one.number for one in seen] == list(range(10))
    assert all(abs(int(one.pixels.mean()) - 20 * one.number) <= 3 for one in seen)
    if rate_hz is not None:
        assert seen[-1].captured_ns - seen[0].captured_ns == pytest.approx(9e9 / rate_hz, abs=1000)
    source.close()
    source.close()


def test_interrupt_ends_it(video: Path) -> None:
    source = make_source(OpenCvConfig(file=str(video), rate_hz=0.001), 48, 80)
    source.open()
    assert source.next() is not None
    source.interrupt()
    assert source.next() is None
    source.close()


def test_a_file_that_is_missing_no_video_or_cut_off_is_told(
    tmp_path: Path, video: Path, caplog: pytest.LogCaptureFixture
) -> None:
    missing, text = tmp_path / "none.avi", tmp_path / "text.avi"
    text.write_text("no video", encoding="utf-8")
    with pytest.raises(UserError, match=r"none\.avi: there is no such file"):
        make_source(OpenCvConfig(file=str(missing)), 48, 80).open()
    with pytest.raises(UserError, match=r"text\.avi: is no video that OpenCV can read; images are replayed with kind"):
        make_source(OpenCvConfig(file=str(text)), 48, 80).open()
    data = video.read_bytes()
    video.write_bytes(data[: data.rindex(b"00dc", 0, data.index(b"idx1"))])  # where its last frame begins
    source = make_source(OpenCvConfig(file=str(video)), 48, 80)
    source.open()
    seen = 0
    while source.next() is not None:
        seen += 1
    source.close()
    assert seen == 9
    assert f"strip.avi: {seen} frames could be read, and the file states 10; it may be cut off" in caplog.text
