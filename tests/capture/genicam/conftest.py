"""What needs Aravis skips with a reason where it is not installed, but in CI."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from inspector.capture.genicam.library import Library, library
from inspector.errors import UserError
from tests.capture.genicam.fake_camera import FakeCamera, loopback_library

IMAGES: NDArray[np.uint8] = np.random.default_rng(7).integers(0, 256, (7, 64, 96), dtype=np.uint8)


@pytest.fixture(scope="session")
def aravis() -> Library:
    """The library."""
    try:
        loopback_library()
        return library()
    except (UserError, RuntimeError) as error:
        if os.environ.get("INSPECTOR_REQUIRE_ARAVIS") == "1":
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def camera(aravis: Library) -> Iterator[FakeCamera]:
    """A camera that sends ``IMAGES`` 200 times a second; leave its features as they were."""
    with FakeCamera("127.0.14.1", "FAKE1", IMAGES, rate_hz=200) as one:
        yield one
