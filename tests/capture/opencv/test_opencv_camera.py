"""The OpenCV camera on real streams: motion JPEG over HTTP on loopback."""

from __future__ import annotations

import os
import re
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from engines.errors import BadFrameError
from engines.images.picture import grey_of_rgb
from inspector.capture.make import make_source
from inspector.capture.opencv import OpenCvCamera
from inspector.capture.opencv.grey import grey_of
from inspector.capture.opencv.reader import Reader
from inspector.capture.source import CameraLostError
from inspector.config.load import parse_config
from inspector.config.opencv import OpenCvConfig
from inspector.errors import UserError
from tests.capture.opencv.mjpeg_server import serving

LEVELS = [np.full((48, 80), level, np.uint8) for level in (40, 120, 200)]


def lost_by(camera: OpenCvCamera) -> CameraLostError:
    """The error by which the camera says that it is lost, after the frames that are still on their way."""
    try:
        while True:
            camera.next()
    except CameraLostError as error:
        return error


def test_frames_come_grey_numbered_and_with_their_values() -> None:
    with serving(LEVELS, rate_hz=50) as server:
        camera = make_source(OpenCvConfig(url=server.url), 48, 80)
        camera.open()
        seen = [camera.next() for _ in range(12)]
        counters = camera.counters()
        camera.close()
    assert camera.live
    numbers = [one.number for one in seen]
    assert numbers == sorted(set(numbers))
    for one in seen:
        assert one.pixels.shape == (48, 80)
        assert one.pixels.flags.c_contiguous
        assert abs(int(one.pixels[20, 20]) - (40, 120, 200)[one.number % 3]) <= 2, "another frame than its number says"
    assert counters.lost is None
    assert counters.received >= 12
    assert counters.received - counters.dropped <= 13


def test_a_slow_line_gets_the_latest_frame_and_knows_the_numbers_of_the_others() -> None:
    with serving(LEVELS, rate_hz=100) as server:
        camera = OpenCvCamera(OpenCvConfig(url=server.url))
        camera.open()
        first = camera.next()
        until = time.monotonic() + 10
        while camera.counters().received < first.number + 20 and time.monotonic() < until:
            threading.Event().wait(0.005)
        late = camera.next()
        counters = camera.counters()
        camera.close()
    assert late.number >= first.number + 19
    assert counters.dropped >= 18


def test_a_stream_that_ends_or_stays_silent_is_lost_and_can_be_opened_again() -> None:
    with serving(LEVELS, rate_hz=50) as server:
        camera = OpenCvCamera(OpenCvConfig(url=server.url, read_timeout_s=0.2))
        camera.open()
        assert camera.next().number >= 0
        server.sending.clear()
        lost = lost_by(camera)
        assert str(lost) == f"{server.url}: no frame in 0.2 s (read_timeout_s)"
        assert lost.stalled
        camera.close()
        server.sending.set()
        camera.open()
        assert camera.next().number < 10, "it counts from 0 again"
        server.there.clear()
        lost = lost_by(camera)
        assert str(lost) == f"{server.url}: the stream has ended"
        assert not lost.stalled
        camera.close()
        with pytest.raises(UserError, match=rf"^{re.escape(server.url)}: cannot be opened"):
            camera.open()
        received = camera.counters().received
        camera.close()
        assert camera.counters().received == received >= 2
        server.there.set()
        camera.open()
        assert camera.next() is not None
        camera.close()
        camera.close()


def test_interrupt_ends_a_read_that_hangs() -> None:
    with serving(LEVELS, rate_hz=50) as server:
        camera = OpenCvCamera(OpenCvConfig(url=server.url, read_timeout_s=60))
        camera.open()
        camera.next()
        server.sending.clear()
        timer = threading.Timer(0.1, camera.interrupt)
        timer.start()
        while camera.next() is not None:
            pass
        begun_s = time.monotonic()
        camera.close()
        assert time.monotonic() - begun_s < 0.5
        assert camera.next() is None


def test_one_connection_at_a_time_may_hang(tmp_path: Path) -> None:
    """Opening a FIFO that nobody writes into hangs for ever."""
    fifo = tmp_path / "credentials"
    os.mkfifo(fifo)
    camera = OpenCvCamera(OpenCvConfig(url="http://127.0.0.1:1/", credentials=str(fifo), open_timeout_s=0.05))
    before = {*threading.enumerate()}
    with pytest.raises(UserError, match=r"is not open after 0\.05 s \(open_timeout_s\)$"):
        camera.open()
    camera.close()
    for _ in range(2):
        with pytest.raises(UserError, match="is still being closed"):
            camera.open()
        camera.close()
    assert len({*threading.enumerate()} - before) == 1
    camera.interrupt()
    camera.open()
    fifo.write_text("nothing", encoding="utf-8")


def test_an_opening_that_hangs_is_given_up_and_released_when_it_returns() -> None:
    goes_on, released = threading.Event(), threading.Event()

    class Slow:
        def read(self):
            return False, None

        def release(self):
            released.set()

    def hanging():
        goes_on.wait()
        return Slow()

    reader = Reader(hanging, "/dev/video0")
    assert not reader.wait_open(0.01)
    reader.close(0.01)
    goes_on.set()
    assert released.wait(5)


def test_an_error_of_opencv_while_it_reads_loses_the_camera_and_does_not_end_it() -> None:
    class CutOff:
        def read(self):
            return True, cv2.imdecode(np.empty(0, np.uint8), cv2.IMREAD_COLOR)

        def release(self):
            pass

    reader = Reader(CutOff, "/dev/video0")
    with pytest.raises(CameraLostError, match=r"^/dev/video0: OpenCV fails: .*imdecode") as lost:
        reader.take(5)
    assert "\n" not in str(lost.value)


def test_counters_never_go_back_while_a_connection_that_hangs_is_closed() -> None:
    with serving(LEVELS, rate_hz=50) as server:
        camera = OpenCvCamera(OpenCvConfig(url=server.url, read_timeout_s=60))
        camera.open()
        camera.next()
        server.sending.clear()
        seen = [camera.counters().received]
        closing = threading.Thread(target=camera.close)
        closing.start()
        while closing.is_alive():
            seen.append(camera.counters().received)
        assert seen == sorted(seen)


def test_credentials_come_from_their_file(tmp_path: Path) -> None:
    secret = tmp_path / "camera.credentials"
    with serving(LEVELS, rate_hz=50, credentials="line:p@ss/word") as server:
        with pytest.raises(UserError, match=r"look whether the camera is on, at the address and at `credentials`$"):
            OpenCvCamera(OpenCvConfig(url=server.url)).open()
        secret.write_text("line:p@ss/word\n", encoding="utf-8")
        camera = OpenCvCamera(OpenCvConfig(url=server.url, credentials=str(secret)))
        camera.open()
        assert camera.next() is not None
        camera.close()
    secret.write_text("nothing", encoding="utf-8")
    with pytest.raises(UserError, match=r"expected one line USER:PASSWORD$"):
        camera.open()
    with pytest.raises(UserError, match="cannot be read"):
        OpenCvCamera(OpenCvConfig(url=server.url, credentials=str(tmp_path / "missing"))).open()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("{kind: opencv}", "nothing to read; expected exactly one of device, url and file"),
        ("{kind: opencv, device: 0, file: a.avi}", "device and file to read; expected exactly one"),
        ("{kind: opencv, url: 'rtsp://admin:secret@cam/1'}", "url holds a user or password, which would be shown"),
        ("{kind: opencv, url: 'gopher://cam/1'}", "url gopher://cam/1: expected rtsp://, rtsps://, http://, https://"),
        ("{kind: opencv, url: 'file:///a.avi'}", "a video file is given as file: PATH"),
        ("{kind: opencv, url: 'http://cam:99999/'}", "url is no address"),
        ("{kind: opencv, device: 0, height: 480}", "height and width go together"),
        ("{kind: opencv, file: a.avi, pixel_format: MJPG}", "pixel_format is asked of a device, and this is a file"),
        ("{kind: opencv, device: 0, credentials: x}", "credentials are for a url"),
        ("{kind: opencv, device: webcam}", "^/dev/"),
    ],
)
def test_a_configuration_that_says_too_little_or_too_much_is_refused(keys: str, said: str) -> None:
    with pytest.raises(UserError) as refused:
        parse_config(f"line: t\ncameras: [{{name: top, source: {keys}}}]", "line.yaml")
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)
    assert "cameras[0].source" in str(refused.value)


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(UserError, match=r"^/dev/video1023: there is no such device; `ls"):
        OpenCvCamera(OpenCvConfig(device=1023)).open()
    with pytest.raises(UserError, match=r"^/dev/null: cannot be opened: no video device"):
        OpenCvCamera(OpenCvConfig(device="/dev/null")).open()


def test_colour_becomes_grey_as_files_are_read() -> None:
    bgr = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    expected = grey_of_rgb(bgr[..., ::-1]).astype(int)
    assert np.abs(grey_of(bgr) - expected).max() <= 1
    grey = bgr[..., 0]
    assert (grey_of(cv2.merge([grey, grey, grey])) == grey).all()
    assert (grey_of(grey) == grey).all()
    assert (grey_of(grey[..., None]) == grey).all()
    with pytest.raises(BadFrameError, match=r"uint16 \[64, 64\]; expected uint8, grey or BGR"):
        grey_of(grey.astype(np.uint16))
