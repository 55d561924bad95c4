"""A camera that goes, comes back, or belongs to another program: what came of ``slow_cases.py``."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

import pytest

from tests.capture.genicam.fake_camera import FakeCamera
from tests.capture.genicam.slow_cases import SLOW, source_at


@pytest.mark.parametrize("case", SLOW, ids=[case.__name__ for case in SLOW])
def test_loss_and_return(slow_cases: dict[str, Future[None]], case: Callable[[], None]) -> None:
    slow_cases[case.__name__].result(timeout=50)


def test_a_software_trigger_brings_frames(camera: FakeCamera) -> None:
    trigger = ({"TriggerMode": True}, {"TriggerSource": "Software"})
    source = source_at(camera.address, features=trigger, software_trigger_hz=100)
    source.open()
    numbers = [arrival.number for _ in range(5) if (arrival := source.next()) is not None]
    assert numbers == [0, 1, 2, 3, 4]
    source.close()
    free = source_at(camera.address, features=({"TriggerMode": False},))
    free.open()
    free.close()
