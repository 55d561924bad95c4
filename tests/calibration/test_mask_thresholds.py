"""Mask thresholds and minimum areas are those that mark defects and leave the rest alone."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.mask_thresholds import balanced_dice, choose_mask_thresholds

Masks = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]


def _frames() -> tuple[Masks, np.ndarray[tuple[int, int, int], np.dtype[np.float64]]]:
    """A frame with a defect of 100 px, and one without; probabilities with a halo, and a speck of 4 px on the clean one."""
    truth = np.zeros((2, 32, 32), np.uint8)
    truth[0, 5:15, 5:15] = 1
    probability = np.zeros((2, 32, 32))
    probability[0, 3:17, 3:17] = 0.4
    probability[0, 5:15, 5:15] = 0.75
    probability[1, 20:22, 20:22] = 0.9
    return truth, probability


def test_the_best_pair_is_found() -> None:
    truth, probability = _frames()
    every = np.array([True, True])
    (choice,) = choose_mask_thresholds(
        lambda t: (probability >= t).astype(np.uint8), truth, [every], 1, (0.3, 0.6, 0.8), (1, 10, 200)
    )
    assert (choice.threshold, choice.minimum_area_px, choice.balance) == (0.6, 10, 1.0)


def test_balanced_dice_does_not_reward_marking_nothing() -> None:
    truth, _ = _frames()
    assert balanced_dice(np.zeros_like(truth), truth, 0) == pytest.approx(0.5)
    assert balanced_dice(truth, truth, 0) == 1.0
