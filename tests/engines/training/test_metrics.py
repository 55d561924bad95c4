"""Metrics against values computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engines.training import metrics


def _masks(*rows: list[int]) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    return np.array([[row] for row in rows], np.uint8)


def test_dice_of_a_class_counts_one_where_both_are_empty() -> None:
    found, truth = _masks([1, 1, 0, 2], [0, 0, 0, 0]), _masks([1, 0, 0, 1], [0, 0, 0, 0])
    np.testing.assert_allclose(metrics.frame_dice(found, truth, 0), [0.5, 1.0])
    np.testing.assert_allclose(metrics.frame_dice(found, truth, 1), [0.0, 1.0])
    assert metrics.kaggle_mean_dice(found, truth, 2) == pytest.approx((0.75 + 0.5) / 2)
    assert metrics.positive_dice(found, truth, 0) == (0.5, 1)
    assert math.isnan(metrics.positive_dice(found, truth, 1)[0])


def test_pixel_dice_leaves_clean_frames_out() -> None:
    found, truth = _masks([1, 1, 0, 2], [1, 1, 1, 1]), _masks([1, 0, 0, 1], [0, 0, 0, 0])
    assert metrics.pixel_dice(found, truth, 2) == pytest.approx(2 * 1 / (3 + 2))


def test_area_under_roc_counts_ties_half() -> None:
    scores = np.array([0.9, 0.5, 0.5, 0.1], np.float32)
    assert metrics.area_under_roc(scores, np.array([True, True, False, False])) == pytest.approx(3.5 / 4)


def test_small_regions_are_dropped_class_by_class() -> None:
    mask = np.zeros((8, 8), np.uint8)
    mask[0:2, 0:2] = 1
    mask[4:8, 4:8] = 1
    mask[0, 7] = 2
    kept = metrics.drop_small(mask, (5, 1))
    assert (kept == 1).sum() == 16
    assert kept[0, 7] == 2
    assert kept[0, 0] == 0
