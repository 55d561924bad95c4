"""ROC, precision and recall against values worked out by hand and the plain definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.metrics.threshold_sweep import Sweep, rank, roc_area, sweep

# Falling: 0.9 D, 0.8 C, 0.7 D and C together, 0.1 C.
SCORES = np.array([0.1, 0.9, 0.7, 0.8, 0.7])
DEFECTIVE = np.array([False, True, True, False, False])


def curves(scores: np.ndarray, defective: np.ndarray, weights: np.ndarray | None = None) -> Sweep:
    return sweep(rank(scores, defective), np.ones((1, len(scores))) if weights is None else weights)


def test_the_curve_by_hand() -> None:
    ranking = rank(SCORES, DEFECTIVE)
    assert ranking.thresholds.tolist() == [0.9, 0.8, 0.7, 0.1]
    one = curves(SCORES, DEFECTIVE)
    assert one.true_positives[0].tolist() == [0, 1, 1, 2, 2]
    assert one.false_positives[0].tolist() == [0, 0, 1, 2, 3]
    assert one.recall[0].tolist() == [0, 0.5, 0.5, 1, 1]
    assert one.precision[0].tolist() == pytest.approx([1, 1, 0.5, 0.5, 0.4])
    # Pairs: 0.9 is above all three clean ones; 0.7 above one, tied with one, below one.
    assert one.roc_area[0] == pytest.approx((3 + 1 + 0.5) / 6)
    # Steps in recall: 0.5 at precision 1, 0.5 at precision 2/4.
    assert one.average_precision[0] == pytest.approx(0.5 * 1 + 0.5 * 0.5)


def test_known_cases() -> None:
    scores, defective = np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True])
    assert curves(scores, defective).roc_area[0] == 1
    assert curves(scores, defective).average_precision[0] == 1
    assert curves(scores, ~defective).roc_area[0] == 0
    assert curves(np.full(4, 0.5), defective).roc_area[0] == 0.5
    assert np.isnan(curves(scores, np.ones(4, bool)).roc_area[0])
    assert np.isnan(curves(scores, np.zeros(4, bool)).average_precision[0])


@given(
    st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 3)), min_size=1, max_size=25).filter(
        lambda frames: {kind for _, kind, weight in frames if weight} == {True, False}
    )
)
def test_weights_are_repeated_frames_and_the_area_the_share_of_pairs(frames: list[tuple[int, bool, int]]) -> None:
    scores, defective, weights = (np.array(one) for one in zip(*frames, strict=True))
    weighted = curves(scores.astype(float), defective, weights[None])
    repeated = curves(np.repeat(scores, weights).astype(float), np.repeat(defective, weights))
    assert weighted.roc_area[0] == pytest.approx(repeated.roc_area[0])
    assert weighted.average_precision[0] == pytest.approx(repeated.average_precision[0])
    positive, negative = (np.repeat(scores, weights)[np.repeat(defective, weights) == kind] for kind in (True, False))
    pairs = [(p > n) + (p == n) / 2 for p in positive for n in negative]
    assert weighted.roc_area[0] == pytest.approx(np.mean(pairs))


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=30))
def test_the_area_is_the_chance_that_a_defective_frame_scores_higher(frames: list[tuple[int, bool]]) -> None:
    """Against all pairs (Mann and Whitney 1947), in the scores' own type."""
    scores = np.array([score / 9 for score, _ in frames], np.float32)
    defective = np.array([kind for _, kind in frames], bool)
    pairs = [(p > n) + (p == n) / 2 for p in scores[defective] for n in scores[~defective]]
    found = roc_area(scores, defective)
    assert found == pytest.approx(np.mean(pairs)) if pairs else np.isnan(found)
