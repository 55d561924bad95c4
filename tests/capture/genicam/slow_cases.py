"""A camera that goes, comes back, or belongs to another program. These wait for seconds, as a camera must not be believed dead at once, so
they run side by side while the other tests run; ``test_loss.py`` shows what came of them. ``python -m tests.capture.genicam.slow_cases NAME`` runs one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from inspector.capture.genicam import GenicamSource
from inspector.capture.source import Arrival, CameraLostError
from inspector.config.genicam import GenicamConfig
from inspector.errors import UserError
from tests.capture.genicam.fake_camera import FakeCamera, free_address

ROOT = Path(__file__).parents[3]
SOFTWARE_TRIGGER = ({"TriggerMode": True}, {"TriggerSource": "Software"})


def source_at(address: str, **keys: object) -> GenicamSource:
    return GenicamSource(GenicamConfig(address=address, **keys), 64, 96)  # type: ignore[arg-type]


def until_lost(source: GenicamSource) -> CameraLostError:
    """Take frames until there are no more."""
    while True:
        try:
            source.next()
        except CameraLostError as error:
            return error


def delivers_at_last(source: GenicamSource) -> Arrival:
    """Open it as the line does, again and again, until a frame comes."""
    for _ in range(40):
        try:
            source.open()
            arrival = source.next()
        except UserError:
            source.close()
            threading.Event().wait(0.1)
        else:
            assert arrival is not None
            return arrival
    raise AssertionError("it does not come back")


def killed_and_started_again() -> None:
    with FakeCamera(rate_hz=100) as camera:
        source = source_at(camera.address)
        delivers_at_last(source)
        camera.kill()
        begun_s = time.monotonic()
        lost = until_lost(source)
        assert 0.9 < time.monotonic() - begun_s < 5
        assert "has sent no frame for 1.0 s" in str(lost)
        assert lost.stalled
        source.close()
        camera.start()
        assert delivers_at_last(source).number == 0
        counters = source.counters()
        assert counters is not None
        assert counters.received >= 2
        source.close()


def stopped_and_continued() -> None:
    with FakeCamera(rate_hz=100) as camera:
        source = source_at(camera.address)
        delivers_at_last(source)
        camera.freeze()
        assert until_lost(source).stalled
        begun_s = time.monotonic()
        source.close()
        assert time.monotonic() - begun_s < 1  # though the camera does not answer
        camera.thaw()
        delivers_at_last(source)
        source.close()


def controlled_by_another() -> None:
    with FakeCamera() as camera:
        first, second = source_at(camera.address), source_at(camera.address)
        delivers_at_last(first)
        with pytest.raises(
            UserError, match=rf"camera {camera.address} is controlled by another program.*free again within seconds"
        ):
            second.open()
        second.close()
        assert first.next() is not None  # undisturbed
        first.close()
        delivers_at_last(second)
        second.close()


def nobody_there() -> None:
    """By the command, as ``ALONE``."""
    address = free_address()
    done = subprocess.run(
        [sys.executable, "-m", "inspector", "camera", "grab", "1", address],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=50, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 2
    assert re.search(rf"camera {address} cannot be opened.*`inspector camera list`", done.stdout), done.stdout


def a_serial_of_two_cameras_or_of_none_is_refused_with_what_there_is() -> None:
    with FakeCamera() as one, FakeCamera(serial=one.serial) as other:
        with pytest.raises(UserError, match=rf"2 cameras with the serial {one.serial}.*choose") as told:
            GenicamSource(GenicamConfig(serial=one.serial)).open()
        assert f"{one.address} on " in str(told.value)
        assert f"{other.address} on " in str(told.value)
        found = rf"found .*serial {one.serial} at {one.address}.*asked on .*lo"
        with pytest.raises(UserError, match=rf"no camera with the serial GONE: {found}"):
            GenicamSource(GenicamConfig(serial="GONE")).open()


def no_frame_of_another_camera_arrives_while_one_is_opened() -> None:
    """As a packet socket of Aravis would take it: see `packet_socket`."""
    white, black = np.full((1, 64, 96), 255, np.uint8), np.zeros((1, 64, 96), np.uint8)
    with FakeCamera(images=white, rate_hz=1000) as other, FakeCamera(images=black, rate_hz=100) as camera:
        sending, source = source_at(other.address), source_at(camera.address)
        delivers_at_last(sending)
        for _ in range(8):
            arrival = delivers_at_last(source)
            assert arrival.pixels is not None
            assert not arrival.pixels.any()
            source.close()
        sending.close()


def triggered_silence_then_death() -> None:
    """A triggered camera may be silent for longer than a free one, but not gone; its probe blocks, and an interruption does not wait for it."""
    with FakeCamera() as camera:
        source = source_at(camera.address, features=SOFTWARE_TRIGGER)
        source.open()
        assert source.rate_hz is None
        threading.Timer(0.1, source.interrupt).start()
        assert source.next() is None
        source.close()
        source.open()
        begun_s = time.monotonic()
        threading.Timer(0.2, camera.kill).start()  # once it waits for triggers
        lost = until_lost(source)
        assert time.monotonic() - begun_s > 1.5
        assert not lost.stalled
        assert "does not answer" in str(lost) or "no longer under control" in str(lost)
        source.close()


def cycles(*options: str) -> list[list[int]]:
    """Memory in KiB, descriptors and threads of a process after 4 and after 40 cycles."""
    with FakeCamera(rate_hz=200) as camera:
        command = [sys.executable, "-m", "tests.capture.genicam.cycles", camera.address, *options]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=50, cwd=ROOT)
    return [[int(figure) for figure in line.split()] for line in done.stdout.splitlines()]


def forty_cycles_without_a_leak() -> None:
    (memory, descriptors, threads), (memory_after, descriptors_after, threads_after) = cycles()
    assert descriptors_after <= descriptors
    assert threads_after <= threads
    assert memory_after - memory < 36 * 192 / 2  # KiB; the buffers of one cycle take 192


def the_leak_check_sees_a_stream_left_open() -> None:
    (_, descriptors, threads), (_, descriptors_after, threads_after) = cycles("--leak")
    assert descriptors_after > descriptors
    assert threads_after > threads


def free_again_after_our_own_process_was_killed() -> None:
    with FakeCamera(rate_hz=100) as camera:
        command = [sys.executable, "-m", "tests.capture.genicam.cycles", camera.address, "--hold"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "open\n"
            holder.kill()
        source = source_at(camera.address)
        delivers_at_last(source)  # for about 3 s it still belongs to the process that was killed
        source.close()


SLOW: tuple[Callable[[], None], ...] = (
    forty_cycles_without_a_leak,
    triggered_silence_then_death,
    free_again_after_our_own_process_was_killed,
    controlled_by_another,
    nobody_there,
    no_frame_of_another_camera_arrives_while_one_is_opened,
    a_serial_of_two_cameras_or_of_none_is_refused_with_what_there_is,
    killed_and_started_again,
    stopped_and_continued,
    the_leak_check_sees_a_stream_left_open,
)
ALONE = (free_again_after_our_own_process_was_killed, controlled_by_another)
"""In processes of their own: Aravis opens one camera at a time, and these hold up the others for 2.5 s."""


def run(case: Callable[[], None]) -> None:
    """Run a case. Raises what it raises."""
    if case not in ALONE:
        return case()
    command = [sys.executable, "-m", "tests.capture.genicam.slow_cases", case.__name__]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False, timeout=50, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return None


if __name__ == "__main__":
    {case.__name__: case for case in SLOW}[sys.argv[1]]()
    os._exit(0)  # a camera that is still being closed would hold this up
