"""Mask thresholds and minimum areas are those the named metric likes best."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.thresholds.mask_counts import MaskCounts, SearchGrid, TrueDefects, stack_counts
from calibration.thresholds.mask_thresholds import choose_masks

Array = np.ndarray[Any, Any]


def _count(truth: Array, probability: Array, thresholds: tuple[float, ...], areas: tuple[int, ...]) -> MaskCounts:
    """`truth` uint8 [N, H, W], `probability` [N, K, H, W]."""
    classes = probability.shape[1]
    grid = SearchGrid.uniform(thresholds, areas, classes)
    truths = [TrueDefects(mask, classes) for mask in truth]
    counted = []
    for own, p in zip(truths, probability, strict=True):
        masks = [
            sum(((p[k] >= limits[k]).astype(np.uint8) << k for k in range(classes)), np.zeros(p[0].shape, np.uint8))
            for limits in grid.thresholds
        ]
        counted.append([own.compare(mask, grid.areas_px) for mask in masks])
    return stack_counts(counted, truths, [bool(mask.any()) for mask in truth], grid, classes)


@pytest.fixture
def counts() -> MaskCounts:
    """A frame with a defect of 100 px and a halo, and one without but with a speck of 4 px."""
    truth = np.zeros((2, 32, 32), np.uint8)
    truth[0, 5:15, 5:15] = 1
    probability = np.zeros((2, 1, 32, 32))
    probability[0, 0, 3:17, 3:17] = 0.4
    probability[0, 0, 5:15, 5:15] = 0.75
    probability[1, 0, 20:22, 20:22] = 0.9
    return _count(truth, probability, (0.3, 0.6, 0.8), (1, 10, 200))


def test_counts_by_hand(counts: MaskCounts) -> None:
    assert counts.marked[:, :, :, 0].tolist() == [[[196, 196, 0], [100, 100, 0], [0, 0, 0]], [[4, 0, 0]] * 3]
    assert counts.both[0, :, 0, 0].tolist() == [100, 100, 0]
    assert counts.found[0, :, 0, 0].tolist() == [1, 1, 0]
    assert counts.false[1, :, :, 0].tolist() == [[1, 0, 0]] * 3
    assert (counts.true.tolist(), counts.defects.tolist()) == ([[100], [0]], [[1], [0]])


@pytest.mark.parametrize("metric", ["balanced", "kaggle", "pixel", "recall"])
def test_the_best_pair_is_found(counts: MaskCounts, metric: Any) -> None:
    choices = choose_masks(counts, metric)
    (choice,) = choices.classes
    assert (choice.threshold, choice.minimum_area_px, choices.value) == (0.6, 10, 1.0)
    at = counts.at(choices.index)
    assert at.marked.ravel().tolist() == [100, 0]


def test_balanced_does_not_reward_marking_nothing_and_kaggle_does() -> None:
    """A rare class that is found on its one frame and falsely marked on two of nine others."""
    truth = np.zeros((10, 16, 16), np.uint8)
    truth[0, :4, :4] = 1
    probability = np.zeros((10, 1, 16, 16))
    probability[:3, 0, :3, :3] = 0.7
    counts = _count(truth, probability, (0.5, 0.9), (1,))
    assert choose_masks(counts, "balanced").classes[0].threshold == 0.5
    assert choose_masks(counts, "kaggle").classes[0].threshold == 0.9


def test_a_gated_out_frame_has_empty_masks(counts: MaskCounts) -> None:
    behind = counts.behind(np.array([True, False]))
    assert not behind.marked[1].any()
    np.testing.assert_array_equal(behind.marked[0], counts.marked[0])
    assert choose_masks(behind, "kaggle").value == 1.0


def test_groups_weigh_the_same(counts: MaskCounts) -> None:
    """One frame of one origin against five of another that likes the other threshold."""
    truth = np.zeros((6, 8, 8), np.uint8)
    truth[:, :4, :] = 1
    probability = np.zeros((6, 1, 8, 8))
    probability[1:, 0, :4, :] = 0.4  # five frames want 0.3, and get nothing at 0.6
    probability[0, 0, :4, :] = 0.7  # one wants 0.6: at 0.3 it would be marked all over
    probability[0, 0, 4:, :] = 0.4
    counts = _count(truth, probability, (0.3, 0.6), (1,))
    assert choose_masks(counts, "pixel").classes[0].threshold == 0.3
    one = np.arange(6) == 0
    both = choose_masks(counts, "pixel", groups=[one, ~one]).value
    assert both < choose_masks(counts, "pixel", groups=[~one]).value


def test_a_budget_that_nothing_keeps_is_told() -> None:
    truth = np.zeros((1, 8, 8), np.uint8)
    counts = _count(truth, np.ones((1, 1, 8, 8)), (0.5,), (1,))
    with pytest.raises(ValueError, match="0 false defects per frame; allow more"):
        choose_masks(counts, "recall", false_defects_per_frame=0.0)
    with pytest.raises(ValueError, match="found none"):
        choose_masks(counts.of(np.array([False])), "balanced")


@given(st.integers(0, 10_000), st.sampled_from(["pixel", "recall", "kaggle"]))
def test_nothing_beats_the_choice(seed: int, metric: Any) -> None:
    """Against trying everything, for three classes, two thresholds and two areas."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 8, (3, 6, 6), dtype=np.uint8) * (rng.random((3, 6, 6)) < 0.3)
    counts = _count(truth.astype(np.uint8), rng.random((3, 3, 6, 6)), (0.3, 0.8), (1, 4))
    budget = 6.0

    def value(index: tuple[tuple[int, int], ...]) -> float:
        at = counts.at(index)
        if metric == "kaggle":
            return float(at.dice.mean())
        if metric == "pixel":
            own = at.of(at.defective)
            total = own.marked.sum() + own.true.sum()
            return float(2 * own.both.sum() / total) if total else 1.0
        return float(at.found.sum() / max(at.defects.sum(), 1)) if at.false.sum() <= budget * 3 else -1.0

    pairs = list(itertools.product(range(2), range(2)))
    best = max(value(index) for index in itertools.product(pairs, repeat=3))
    if best < 0:
        return
    choices = choose_masks(counts, metric, false_defects_per_frame=budget)
    assert value(choices.index) == pytest.approx(best)
    assert choices.value == pytest.approx(best)
