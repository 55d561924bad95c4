"""The bounds against closed forms, and against simulation: they hold as often as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.metrics import clopper_pearson
from engines.metrics.betting import weighted_evidence, weighted_frames_needed, weighted_miss_rate_bound
from engines.metrics.clopper_pearson import allowed_misses, binomial_at_most, frames_needed, rate_upper_bound
from engines.metrics.conformal import conformal_allowed_misses, conformal_frames_needed, conformal_miss_rate_bound


def test_the_bound_is_that_of_clopper_and_pearson() -> None:
    assert rate_upper_bound(0, 18, 0.95) == pytest.approx(1 - 0.05 ** (1 / 18), abs=1e-9)
    assert rate_upper_bound(2, 100, 0.95) == pytest.approx(0.06162, abs=1e-4)
    assert rate_upper_bound(5, 5, 0.95) == 1.0
    assert rate_upper_bound(0, 0, 0.95) == 1.0


@given(st.integers(1, 60), st.floats(0.01, 0.99), st.data())
def test_probabilities_are_those_of_the_binomial(n: int, rate: float, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    expected = sum(math.comb(n, i) * rate**i * (1 - rate) ** (n - i) for i in range(k + 1))
    assert binomial_at_most(k, n, rate) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("rate", [0.0199, 0.02, 0.0205, 0.021, 0.3])
def test_the_terms_of_many_that_are_left_out_do_not_count(rate: float, monkeypatch: pytest.MonkeyPatch) -> None:
    few = binomial_at_most(20_000, 1_000_000, rate)
    monkeypatch.setattr(clopper_pearson, "_ALL_TERMS", 1_000_000)
    assert few == pytest.approx(binomial_at_most(20_000, 1_000_000, rate), rel=1e-7)


def test_a_bound_of_very_many_takes_no_time() -> None:
    assert rate_upper_bound(10**7, 10**9, 0.975) == pytest.approx(
        0.01 + 1.96 * math.sqrt(0.01 * 0.99 / 10**9), rel=1e-5
    )


def test_frames_that_one_percent_takes() -> None:
    assert [frames_needed(misses, 0.01, 0.95) for misses in (0, 1, 2)] == [299, 473, 628]
    assert [allowed_misses(n, 0.01, 0.95) for n in (0, 298, 299, 472, 473, 628)] == [-1, -1, 0, 0, 1, 2]
    assert allowed_misses(1_000_000, 0.01, 0.95) == pytest.approx(10_000 - 1.645 * 99.5, rel=1e-3)


@given(st.integers(1, 3000), st.floats(0.005, 0.6), st.floats(0.5, 0.999))
def test_allowed_misses_are_the_most_whose_bound_is_small_enough(n: int, rate: float, confidence: float) -> None:
    allowed = allowed_misses(n, rate, confidence)
    if allowed >= 0:
        assert rate_upper_bound(allowed, n, confidence) <= rate + 1e-9
    if allowed + 1 < n:
        assert rate_upper_bound(allowed + 1, n, confidence) > rate - 1e-9


def test_equal_weights_without_a_miss_cost_little_more_than_counting() -> None:
    kept = np.zeros(400, bool)
    exact, betting = rate_upper_bound(0, 400, 0.95), weighted_miss_rate_bound(kept, np.ones(400), 0.95)
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


@given(st.integers(1, 40), st.floats(0.5, 0.999), st.data())
def test_the_bound_is_the_rate_at_which_so_few_are_that_unlikely(
    n: int, confidence: float, data: st.DataObject
) -> None:
    """Against the definition, by a plain sum over the binomial."""
    k = data.draw(st.integers(0, n - 1))
    rate = rate_upper_bound(k, n, confidence)
    plain = sum(math.comb(n, i) * rate**i * (1 - rate) ** (n - i) for i in range(k + 1))
    assert plain == pytest.approx(1 - confidence, rel=1e-6)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.floats(0.02, 0.5))
def test_conformal_misses_are_the_most_whose_bound_is_small_enough(values: list[float], rate: float) -> None:
    weights = np.array(values)
    allowed = conformal_allowed_misses(weights, rate)
    # The risk of a threshold, plus the largest loss that the next frame could add, shared out over all frames and that one.
    sums = [weights[:m].sum() - rate * weights.sum() + (1 - rate) for m in range(len(weights) + 1)]
    assert allowed == max((m for m, value in enumerate(sums) if value <= 1e-12), default=-1)


@pytest.mark.parametrize(("missed", "rate"), [(0, 0.01), (0, 0.05), (2, 0.05), (7, 0.03)])
def test_conformal_counts_are_closed_forms(missed: int, rate: float) -> None:
    """(missed + 1) / (n + 1) with equal weights: 99 frames for 1 % and none missed."""
    needed = conformal_frames_needed(missed, np.ones(5), rate)
    assert needed == math.ceil((missed + 1) / rate - 1 - 1e-9)
    lost = np.arange(needed) < missed
    assert conformal_miss_rate_bound(lost, np.ones(needed)) == pytest.approx((missed + 1) / (needed + 1))
    assert conformal_allowed_misses(np.ones(needed), rate) == missed
    assert conformal_allowed_misses(np.ones(needed - 1), rate) < missed
