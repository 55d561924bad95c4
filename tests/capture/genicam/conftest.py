"""What needs Aravis skips with a reason where it is not installed, but in CI."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from inspector.capture.genicam.library import Library, library
from inspector.errors import UserError
from inspector.frames.daemon_threads import DaemonThreads
from tests.capture.genicam.fake_camera import FakeCamera, loopback_library
from tests.capture.genicam.slow_cases import SLOW, run

IMAGES: NDArray[np.uint8] = np.random.default_rng(7).integers(0, 256, (7, 64, 96), dtype=np.uint8)


def aravis_or_skip() -> Library:
    """The library."""
    try:
        loopback_library()
        return library()
    except (UserError, RuntimeError) as error:
        if os.environ.get("INSPECTOR_REQUIRE_ARAVIS") == "1":
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def aravis() -> Library:
    """The library."""
    return aravis_or_skip()


@pytest.fixture(scope="session")
def camera(camera_first: None) -> Iterator[FakeCamera]:
    """A camera that sends ``IMAGES`` 200 times a second; leave its features as they were."""
    with FakeCamera(images=IMAGES, rate_hz=200) as one:
        yield one


@pytest.fixture(scope="session")
def slow_cases(aravis: Library) -> Iterator[dict[str, Future[None]]]:
    """The cases of ``slow_cases.py``, running."""
    threads = DaemonThreads(len(SLOW), "slow-case")
    yield {case.__name__: threads.submit(partial(run, case)) for case in SLOW}
    threads.close(0.0)


@pytest.fixture(scope="session")
def camera_first(request: pytest.FixtureRequest, aravis: Library) -> None:
    """Where the slow cases are wanted, they begin with the first test that needs a camera."""
    if any("slow_cases" in getattr(item, "fixturenames", ()) for item in request.session.items):
        request.getfixturevalue("slow_cases")
