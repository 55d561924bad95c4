"""Crops show what they are to show, and are never dark."""

from __future__ import annotations

import numpy as np
import pytest

from engines.training.crops import crop_anywhere, crop_on_class, is_dark

SIZE = (32, 48)
LEVEL = 16


def _pair() -> tuple[np.ndarray, np.ndarray]:
    """Left half dark; class 1 at its rim in the light, class 2 in a corner, class 0 in the dark."""
    frame = np.full((64, 200), 4, np.uint8)
    frame[:, 100:] = 90
    mask = np.zeros_like(frame)
    mask[50:60, 100:110] = 1 << 1
    mask[60:64, 196:200] |= 1 << 2
    mask[2:4, 2:4] |= 1 << 0
    return frame, mask


def test_a_crop_without_a_defect_is_lit_and_clean() -> None:
    columns = set()
    for seed in range(200):
        crop = crop_anywhere(_pair(), SIZE, LEVEL, np.random.default_rng(seed))
        assert crop is not None
        assert crop[0].shape == crop[1].shape == SIZE
        assert not is_dark(crop[0], LEVEL)
        assert not crop[1].any()
        columns.add(int((crop[0] > LEVEL).sum()))
    assert len(columns) > 20  # they come from many places


@pytest.mark.parametrize("k", [1, 2])
def test_a_crop_of_a_class_shows_it_and_is_lit(k: int) -> None:
    for seed in range(200):
        crop = crop_on_class(_pair(), SIZE, k, LEVEL, np.random.default_rng(seed))
        assert crop is not None
        assert crop[0].shape == SIZE
        assert (crop[1] & (1 << k)).any()
        assert not is_dark(crop[0], LEVEL)


def test_there_is_no_crop_where_all_is_dark_or_the_class_is_absent() -> None:
    frame, mask = _pair()
    rng = np.random.default_rng(0)
    assert crop_on_class((frame, mask), SIZE, 0, LEVEL, rng) is None
    assert crop_on_class((frame, mask), SIZE, 5, LEVEL, rng) is None
    assert crop_anywhere((np.full_like(frame, 5), mask), SIZE, LEVEL, rng) is None
    assert crop_anywhere((frame, np.ones_like(mask)), SIZE, LEVEL, rng) is None


def test_a_crop_may_be_the_whole_frame() -> None:
    frame, mask = _pair()
    crop = crop_on_class((frame, mask), (64, 200), 1, LEVEL, np.random.default_rng(0))
    assert crop is not None
    np.testing.assert_array_equal(crop[0], frame)
