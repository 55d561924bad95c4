"""The bounds against closed forms, and against simulation: they hold as often as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.thresholds.bounds import (
    allowed_misses,
    at_most,
    frames_needed,
    miss_rate_bound,
    weighted_evidence,
    weighted_frames_needed,
    weighted_miss_rate_bound,
)


def test_the_bound_is_that_of_clopper_and_pearson() -> None:
    assert miss_rate_bound(0, 18, 0.95) == pytest.approx(1 - 0.05 ** (1 / 18), abs=1e-9)
    assert miss_rate_bound(2, 100, 0.95) == pytest.approx(0.06162, abs=1e-4)
    assert miss_rate_bound(5, 5, 0.95) == 1.0
    assert miss_rate_bound(0, 0, 0.95) == 1.0


@given(st.integers(1, 60), st.floats(0.01, 0.99), st.data())
def test_probabilities_are_those_of_the_binomial(n: int, rate: float, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    expected = sum(math.comb(n, i) * rate**i * (1 - rate) ** (n - i) for i in range(k + 1))
    assert at_most(k, n, rate) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_frames_that_one_percent_takes() -> None:
    assert [frames_needed(misses, 0.01, 0.95) for misses in (0, 1, 2)] == [299, 473, 628]
    assert [allowed_misses(n, 0.01, 0.95) for n in (0, 298, 299, 472, 473, 628)] == [-1, -1, 0, 0, 1, 2]
    assert allowed_misses(1_000_000, 0.01, 0.95) == pytest.approx(10_000 - 1.645 * 99.5, rel=1e-3)


@given(st.integers(1, 3000), st.floats(0.005, 0.6), st.floats(0.5, 0.999))
def test_allowed_misses_are_the_most_whose_bound_is_small_enough(n: int, rate: float, confidence: float) -> None:
    allowed = allowed_misses(n, rate, confidence)
    if allowed >= 0:
        assert miss_rate_bound(allowed, n, confidence) <= rate + 1e-9
    if allowed + 1 < n:
        assert miss_rate_bound(allowed + 1, n, confidence) > rate - 1e-9


def test_equal_weights_without_a_miss_cost_little_more_than_counting() -> None:
    kept = np.zeros(400, bool)
    exact, betting = miss_rate_bound(0, 400, 0.95), weighted_miss_rate_bound(kept, np.ones(400), 0.95)
    assert exact < betting < 1.25 * exact
    assert 299 < weighted_frames_needed(0, np.ones(5), 0.01, 0.95) < 1.25 * 299


def test_evidence_falls_with_every_miss_and_with_small_weights() -> None:
    evidence = weighted_evidence(np.full(800, 0.7), 0.02)
    assert (np.diff(evidence) < 0).all()
    assert weighted_evidence(np.full(800, 0.1), 0.02)[0] < evidence[0]


def test_the_weighted_bound_holds_as_often_as_it_says() -> None:
    """Large defects are missed less often than small ones."""
    rng, wrong, runs, loose = np.random.default_rng(5), 0, 600, 0
    for _ in range(runs):
        large = rng.random(200) < 0.5
        weights = np.where(large, 1.0, 0.1)
        missed = rng.random(200) < np.where(large, 0.02, 0.04)
        rate = (0.5 * 0.02 + 0.5 * 0.04 * 0.1) / 0.55
        bound = weighted_miss_rate_bound(missed, weights, 0.9)
        wrong += bound < rate
        loose += bound > 0.3
    assert wrong / runs <= 0.1
    assert loose == 0  # a bound of 1 would hold always
