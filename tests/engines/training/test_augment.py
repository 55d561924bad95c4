"""Augmentation keeps frames and masks together."""

from __future__ import annotations

import numpy as np

from engines.training.augment import Pair, expose, flip, join_strips, move, paste_defect
from engines.training.frames import halve_mask
from engines.training.recipe import Augmentation

RANGES = Augmentation(
    rotation_degrees=4, shift=0.06, stretch=(0.85, 1.2), brightness=0.06, contrast=0.35, gamma=0.3, blur=0.15, noise=0.2
)


def _sample(grey: int, defect: int) -> Pair:
    """Grey sheet; the defect, white, is at rows 10..20, columns 30..50."""
    frame = np.full((64, 128), grey, np.uint8)
    mask = np.zeros_like(frame)
    if defect:
        frame[10:20, 30:50] = 250
        mask[10:20, 30:50] = defect
    return frame, mask


def test_flips_and_moves_take_the_mask_along() -> None:
    sample = _sample(80, 4)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        frame, mask = move(flip(sample, rng), rng, RANGES)
        bright = frame > 165
        assert (bright == (mask == 4)).mean() > 0.98
        assert set(np.unique(mask)) <= {0, 4}


def test_the_same_generator_gives_the_same_frame() -> None:
    frame = _sample(80, 4)[0]
    first, again, other = (expose(frame, np.random.default_rng(seed), RANGES) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_pasted_defect_is_marked_where_it_is() -> None:
    clean, donor = _sample(80, 0), _sample(120, 2)
    frame, mask = paste_defect(clean, donor, np.random.default_rng(0))
    assert (mask == 2).sum() == 200
    assert frame[mask == 2].mean() > frame[mask == 0].mean() + 50
    assert not clean[1].any()


def test_nothing_is_pasted_beside_the_sheet() -> None:
    dark, donor = _sample(0, 0), _sample(120, 2)
    _, mask = paste_defect(dark, donor, np.random.default_rng(0))
    assert not mask.any()


def test_strips_keep_the_frame_size_and_their_own_masks() -> None:
    frame, mask = join_strips([_sample(80, 1), _sample(80, 4)], np.random.default_rng(5))
    assert frame.shape == mask.shape == (64, 128)
    np.testing.assert_array_equal(frame > 165, mask > 0)


def test_half_of_the_pixels_make_a_half_resolution_pixel() -> None:
    mask = np.array([[1, 0, 1, 3], [0, 1, 0, 0]], np.uint8)
    np.testing.assert_array_equal(halve_mask(mask, 2), [[1, 1]])
    mask[1, 3] = 2
    np.testing.assert_array_equal(halve_mask(mask, 2), [[1, 3]])
