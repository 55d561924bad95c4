"""The population stability index and what it reaches by chance."""

from __future__ import annotations

import numpy as np
import pytest

from engines.drift.stability import chance, chi_square_limit, stability_index

TEN = (0.1,) * 10


def test_the_index_of_a_known_shift() -> None:
    assert stability_index(np.full(10, 1e6), TEN, 1e6) == pytest.approx(0)
    moved = np.array([0.05, 0.15, *TEN[2:]])
    expected = -0.05 * np.log(0.5) + 0.05 * np.log(1.5)
    assert stability_index(moved * 1e9, TEN, 1e9) == pytest.approx(expected, rel=1e-6)
    assert np.isfinite(stability_index(np.array([5.0, 0]), (0.0, 1.0), 100))


@pytest.mark.parametrize(("degrees", "rate", "limit"), [(9, 0.01, 21.666), (3, 0.001, 16.266), (1, 0.05, 3.841)])
def test_limits_of_chi_square_are_those_of_the_tables(degrees: int, rate: float, limit: float) -> None:
    assert chi_square_limit(degrees, rate) == pytest.approx(limit, rel=0.03)


@pytest.mark.parametrize(("window", "reference", "bins"), [(2000, 600, 10), (200, 100, 5), (2000, 60, 4)])
def test_chance_reaches_the_limit_as_often_as_it_says(window: int, reference: int, bins: int) -> None:
    """Both the window and the reference are samples."""
    draw, shares = np.random.default_rng(1), np.full(bins, 1 / bins)
    limit, repeats = chance(bins, window, reference, 0.01), 4000
    counts, known = draw.multinomial(window, shares, repeats), draw.multinomial(reference, shares, repeats)
    beyond = sum(
        stability_index(seen.astype(float), tuple(told / reference), reference) >= limit
        for seen, told in zip(counts, known, strict=True)
    )
    assert 0.004 < beyond / repeats < 0.02


def test_one_bin_tells_nothing() -> None:
    assert chance(1, 100, 100, 0.01) == 0
    assert stability_index(np.array([7.0]), (1.0,), 100) == 0
