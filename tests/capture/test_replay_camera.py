"""The replay as a camera: order, pacing, losses, looping, interruption, and frames that are bad."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from inspector.capture.replay import ReplayCamera
from inspector.capture.source import Arrival, FrameSource
from inspector.config.replay import RawFormat, ReplayConfig
from inspector.errors import UserError
from inspector.frames.clock import now_ns
from tests.capture.replay_files import HEIGHT, WIDTH, encoded, sheet, write, write_frames


@contextmanager
def replay(path: Path | str, **options: Any) -> Iterator[ReplayCamera]:
    camera = ReplayCamera(ReplayConfig(path=str(path), **options), HEIGHT, WIDTH)
    try:
        camera.open()
        yield camera
    finally:
        camera.close()
    assert not [one for one in threading.enumerate() if one.name.startswith("decode")]


def arrivals(camera: FrameSource) -> Iterator[Arrival]:
    while (arrival := camera.next()) is not None:
        yield arrival


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_every_frame_arrives_once_and_in_order(threads: int, tmp_path: Path) -> None:
    sheets = write_frames(tmp_path, 60)
    # Large neighbours of small files would overtake them if order were left to the threads.
    for number in range(0, 60, 7):
        write(tmp_path / f"frame{number}.png", encoded(".png", sheet(99, 1500, 1500)))
    before = now_ns()
    with replay(tmp_path, decode_threads=threads) as camera:
        seen = list(arrivals(camera))
        assert camera.next() is None
    assert [one.number for one in seen] == list(range(60))
    assert [one.name for one in seen] == [f"frame{number}.png" for number in range(60)]
    assert all(before <= one.captured_ns <= now_ns() for one in seen)
    for one in seen:
        if one.number % 7 == 0:
            assert one.pixels is None
            assert one.error == f"{one.name}: is 1500x1500 pixels (height x width); expected {HEIGHT}x{WIDTH}"
        else:
            assert one.error == ""
            assert one.pixels is not None
            np.testing.assert_array_equal(one.pixels, sheets[one.number])


def test_a_directory_of_bad_files_is_a_run_of_bad_frames(tmp_path: Path) -> None:
    whole = encoded(".jpg", sheet())
    write(tmp_path / "a.jpg", whole[: len(whole) // 2])
    write(tmp_path / "b.png", b"")
    write(tmp_path / "c.bmp", b"not a picture")
    write(tmp_path / "d.tif", encoded(".tif", sheet(1, 10, 10)))
    (tmp_path / "e.txt").write_text("ignored")
    with replay(tmp_path) as camera:
        seen = list(arrivals(camera))
    assert [one.number for one in seen] == [0, 1, 2, 3]
    assert all(one.pixels is None for one in seen)
    assert all(one.error.startswith(one.name + ": ") and "\n" not in one.error for one in seen)


def test_a_listed_file_that_is_missing_costs_one_frame(tmp_path: Path) -> None:
    write_frames(tmp_path, 2)
    (tmp_path / "list.txt").write_text("frame0.png\ngone.png\nframe1.png\n")
    with replay(tmp_path / "list.txt") as camera:
        seen = list(arrivals(camera))
    assert [one.error for one in seen] == ["", "gone.png: does not exist", ""]


def test_looping_keeps_the_numbers_rising(tmp_path: Path) -> None:
    sheets = write_frames(tmp_path, 3)
    with replay(tmp_path, loop=True) as camera:
        for number in range(20):
            arrival = camera.next()
            assert arrival is not None
            assert (arrival.number, arrival.name) == (number, f"frame{number % 3}.png")
            assert arrival.pixels is not None
            np.testing.assert_array_equal(arrival.pixels, sheets[number % 3])


def test_without_a_rate_a_slow_consumer_loses_nothing(tmp_path: Path) -> None:
    write_frames(tmp_path, 12)
    with replay(tmp_path, backlog=0) as camera:
        numbers = []
        for arrival in arrivals(camera):
            numbers.append(arrival.number)
            time.sleep(0.01)
    assert numbers == list(range(12))


def test_a_rate_is_kept_by_absolute_deadlines(tmp_path: Path) -> None:
    write_frames(tmp_path, 20)
    with replay(tmp_path, rate_hz=100.0, backlog=64) as camera:
        seen = list(arrivals(camera))
    assert [one.number for one in seen] == list(range(20))
    gaps = np.diff([one.captured_ns for one in seen])
    np.testing.assert_allclose(gaps, 1e7, atol=2)


def test_an_overrun_loses_frames_as_a_camera_would(tmp_path: Path) -> None:
    write_frames(tmp_path, 40)
    with replay(tmp_path, rate_hz=200.0, backlog=3) as camera:
        first = camera.next()
        time.sleep(0.1)
        late = [camera.next() for _ in range(3)]
        rest = list(arrivals(camera))
    assert first is not None
    assert first.number == 0
    numbers = [one.number for one in late if one is not None]
    assert numbers[0] >= 17, "20 frames were exposed meanwhile, of which the camera holds 3"
    assert numbers == sorted(set(numbers))
    assert rest[-1].number == 39
    assert [one.name for one in rest] == [f"frame{one.number}.png" for one in rest]


def test_frames_lost_at_the_end_are_still_announced(tmp_path: Path) -> None:
    """The consumer sleeps past the end: the last frames, still in the camera's buffers, show how many there were."""
    write_frames(tmp_path, 30)
    with replay(tmp_path, rate_hz=1000.0, backlog=4) as camera:
        assert camera.next() is not None
        time.sleep(0.15)
        assert [one.number for one in arrivals(camera)] == [25, 26, 27, 28, 29]


@pytest.mark.parametrize("rate_hz", [0.1, None])
def test_interrupt_ends_a_wait_at_once(rate_hz: float | None, tmp_path: Path) -> None:
    write_frames(tmp_path, 3)
    # The best of three: a busy machine may hold one back.
    assert min(interrupted_after_s(tmp_path, rate_hz) for _ in range(3)) < 0.05


def interrupted_after_s(path: Path, rate_hz: float | None) -> float:
    with replay(path, rate_hz=rate_hz, loop=True) as camera:
        assert camera.next() is not None
        ended: list[float] = []

        def consume() -> None:
            for _ in arrivals(camera):
                pass
            ended.append(time.perf_counter())

        consumer = threading.Thread(target=consume)
        consumer.start()
        time.sleep(0.1)
        assert not ended
        asked = time.perf_counter()
        camera.interrupt()
        consumer.join(5)
        assert camera.next() is None
    return ended[0] - asked


def test_interrupt_ends_a_wait_for_a_file_that_will_not_come(tmp_path: Path) -> None:
    """A leased file stands for a share that hangs: opening it blocks the decoding thread until the lease is given up."""
    write_frames(tmp_path, 2)
    held = leased(tmp_path / "frame1.png")
    camera = ReplayCamera(ReplayConfig(path=str(tmp_path)), HEIGHT, WIDTH)
    camera.open()
    assert camera.next() is not None
    asked: list[float] = []

    def interrupt() -> None:
        asked.append(time.perf_counter())
        camera.interrupt()

    threading.Timer(0.1, interrupt).start()
    assert camera.next() is None
    assert time.perf_counter() - asked[0] < 0.5, "not held by the file"
    fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    os.close(held)
    camera.close()


def leased(path: Path) -> int:
    """The file, open under a write lease, which the kernel breaks only after 45 s; its signal is ignored by default."""
    held = os.open(path, os.O_RDWR)
    fcntl.fcntl(held, fcntl.F_SETSIG, signal.SIGURG)
    fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    return held


def test_closing_is_safe_at_any_time(tmp_path: Path) -> None:
    never_opened = ReplayCamera(ReplayConfig(path=str(tmp_path)), HEIGHT, WIDTH)
    never_opened.close()
    failed = ReplayCamera(ReplayConfig(path=str(tmp_path)), HEIGHT, WIDTH)
    with pytest.raises(UserError, match="holds no image files"):
        failed.open()
    failed.close()
    write_frames(tmp_path, 3)
    with replay(tmp_path) as camera:
        camera.close()
        camera.close()
        assert camera.next() is None


def test_raw_files_without_a_format_are_refused_at_open(tmp_path: Path) -> None:
    write(tmp_path / "a.raw", sheet().tobytes())
    with pytest.raises(UserError, match=r"a\.raw: is a raw file; add the key raw"), replay(tmp_path):
        pass
    with replay(tmp_path, raw=RawFormat(dtype="uint8")) as camera:
        arrival = camera.next()
    assert arrival is not None
    assert arrival.pixels is not None
    np.testing.assert_array_equal(arrival.pixels, sheet())


def test_the_configuration_says_what_it_refuses() -> None:
    assert msgspec.convert({"path": ["a", "b"]}, ReplayConfig).path == ("a", "b")
    for wrong in ({"path": "a", "rate": 3}, {"path": "a", "rate_hz": 0}, {"path": "a", "white_level": 70000}, {}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(wrong, ReplayConfig)
