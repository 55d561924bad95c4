"""What is encoded without loss is the same when it is decoded."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.archive.entry import Format
from inspector.archive.pictures import mask_picture, picture, thumbnail


def pixels(height: int, width: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)


def decoded(data: bytes) -> np.ndarray:
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED))


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 99), st.sampled_from(("png", "webp")))
def test_png_and_webp_hold_every_pixel(height: int, width: int, seed: int, kind: Format) -> None:
    frame = pixels(height, width, seed)
    found = decoded(picture(frame, kind, 50))
    if found.ndim == 3:  # a WebP has three equal channels
        assert (found == found[..., :1]).all()
        found = found[..., 0]
    np.testing.assert_array_equal(found, frame)
    np.testing.assert_array_equal(decoded(mask_picture(frame)), frame)


@pytest.mark.parametrize(
    ("height", "width", "expected"), [(256, 1600, (64, 400)), (100, 50, (100, 50)), (1, 5000, (1, 400))]
)
def test_a_thumbnail_is_no_longer_than_told(height: int, width: int, expected: tuple[int, int]) -> None:
    assert decoded(thumbnail(pixels(height, width, 0), 400)).shape == expected


def test_a_jpeg_has_the_quality_that_was_asked_for() -> None:
    frame = pixels(64, 64, 1)
    assert len(picture(frame, "jpeg", 30)) < len(picture(frame, "jpeg", 95))


def test_a_picture_that_is_too_large_for_its_format_is_an_error_in_words() -> None:
    with pytest.raises(ValueError, match="no webp of 1 x 20000 pixels"):
        picture(np.zeros((1, 20000), np.uint8), "webp", 50)
