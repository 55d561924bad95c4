"""Intervals: against plain loops, against how often they hold the truth, and where the bootstrap has nothing to say."""

from __future__ import annotations

import numpy as np
import pytest

from engines.metrics.bootstrap import (
    FEWEST_GROUPS,
    chance_of_difference,
    draws,
    interval,
    quotients,
    ratio,
    share_interval,
)


def test_draws_are_whole_samples_and_the_same_every_time() -> None:
    drawn = np.concatenate(list(draws(7, resamples=250, seed=3)))
    assert drawn.shape == (250, 7)
    assert (drawn.sum(axis=1) == 7).all()
    assert (drawn == np.concatenate(list(draws(7, resamples=250, seed=3)))).all()
    assert (drawn != np.concatenate(list(draws(7, resamples=250, seed=4)))).any()
    assert drawn.mean() == 1
    # A group is left out of a sample with probability (6/7)^7 = 0.340.
    assert (drawn == 0).mean() == pytest.approx((6 / 7) ** 7, abs=0.03)


def test_quotients_are_those_of_the_drawn_groups() -> None:
    part, whole = np.array([[1.0], [0.0], [3.0]]), np.array([[2.0], [0.0], [4.0]])
    drawn = np.concatenate(list(draws(3, resamples=40, seed=1)))
    for counts, value in zip(drawn, quotients(part, whole, resamples=40, seed=1)[:, 0], strict=True):
        chosen = np.repeat([0, 1, 2], counts)
        below = whole[chosen].sum()
        if below:
            assert value == pytest.approx(part[chosen].sum() / below)
        else:
            assert np.isnan(value)


def test_ratio_of_nothing_is_no_number() -> None:
    assert ratio(np.array([0.0, 1.0]), np.array([0.0, 4.0])).tolist()[1] == 0.25
    assert np.isnan(ratio(np.array([0.0]), np.array([0.0]))).all()


def simulated(random: np.random.Generator, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Frames found and frames there, by group: up to 4 frames that are mostly right or wrong together; 0.7 are found."""
    whole = random.integers(1, 5, size=(groups, 1)).astype(np.float64)
    chance = random.beta(1.4, 0.6, size=(groups, 1))
    return random.binomial(whole.astype(int), chance).astype(np.float64), whole


def coverage(groups: int, *, by_frame: bool = False, trials: int = 400) -> float:
    random = np.random.default_rng(6)
    held = 0
    for trial in range(trials):
        part, whole = simulated(random, groups)
        if by_frame:
            found = np.concatenate([np.arange(w) < p for p, w in zip(part[:, 0], whole[:, 0], strict=True)])
            part, whole = found[:, None].astype(float), np.ones((len(found), 1))
        bounds = interval(quotients(part, whole, resamples=400, seed=trial)[:, 0], len(part))
        assert bounds is not None
        held += bounds[0] <= 0.7 <= bounds[1]
    return held / trials


@pytest.mark.parametrize("groups", [12, 60])
def test_intervals_hold_the_truth_about_as_often_as_they_say(groups: int) -> None:
    assert 0.92 <= coverage(groups) <= 0.98


def test_frames_of_one_group_are_not_independent() -> None:
    """The control: were frames drawn one by one, the intervals would be too narrow, and the check above would notice."""
    assert coverage(60, by_frame=True) < 0.88


def test_too_few_groups_or_a_figure_that_is_rarely_there_have_no_interval() -> None:
    assert interval(np.linspace(0, 1, 100), FEWEST_GROUPS - 1) is None
    # 10 groups: Student's 97.5 % quantile with 9 degrees of freedom is 2.26216, times sqrt(10 / 9) the normal's 99.145 %.
    assert interval(np.linspace(0, 1, 101), FEWEST_GROUPS) == pytest.approx((0.00855, 0.99145), abs=2e-5)
    assert interval(np.linspace(0, 1, 101), 10**6) == pytest.approx((0.025, 0.975), abs=1e-6)
    drawn = np.linspace(0, 1, 100)
    drawn[:20] = np.nan
    assert interval(drawn, 50) is None
    drawn[:5] = 0.5
    assert interval(np.append(drawn[:5], drawn[20:]), 50) is not None


def test_where_all_groups_agree_the_exact_bound_takes_over() -> None:
    all_right = np.ones(100)
    # 18 of 18: the two-sided Clopper-Pearson interval is 0.8147 to 1.
    assert share_interval(all_right, 1.0, 18) == pytest.approx((0.81470, 1.0), abs=1e-5)
    assert share_interval(np.zeros(100), 0.0, 18) == pytest.approx((0.0, 0.18530), abs=1e-5)
    assert share_interval(all_right, 1.0, 5) is None
    values = np.linspace(0.5, 1.0, 101)
    assert share_interval(values, 0.7, 18) == interval(values, 18)


def test_chance_of_four_groups_that_differ_is_one_in_eight() -> None:
    """Were the two interchangeable, all four would fall to one side in 2 of 16 cases; a bootstrap interval would exclude zero."""
    first, second, whole = np.zeros((18, 1)), np.zeros((18, 1)), np.ones((18, 1))
    second[:4] = 1
    chance = chance_of_difference((first, second), (whole, whole), resamples=4000)
    assert chance[0] == pytest.approx(1 / 8, abs=0.02)
    bounds = interval(quotients(second, whole)[:, 0] - quotients(first, whole)[:, 0], 18)
    assert bounds is not None
    assert bounds[0] > 0


def test_chance_of_equals_is_certain_and_of_opposites_tiny() -> None:
    right, wrong, whole = np.ones((30, 1)), np.zeros((30, 1)), np.ones((30, 1))
    assert chance_of_difference((right, right), (whole, whole))[0] == 1
    assert chance_of_difference((right, wrong), (whole, whole))[0] < 0.001


def test_interchangeable_bundles_seem_different_rarely() -> None:
    random = np.random.default_rng(8)
    seemed = 0
    for trial in range(200):
        part = random.random((2, 25, 1))
        whole = np.ones((25, 1))
        seemed += chance_of_difference((part[0], part[1]), (whole, whole), resamples=200, seed=trial)[0] < 0.05
    assert seemed <= 20
