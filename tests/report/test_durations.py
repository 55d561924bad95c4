"""Percentiles of durations against exact ones."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.report.durations import Durations


@pytest.mark.parametrize("percent", [1, 50, 95, 99, 100])
def test_percentiles_are_within_half_a_percent_and_never_too_low(percent: float) -> None:
    values = np.random.default_rng(3).lognormal(9, 1.2, 5000).astype(int) + 1
    durations = Durations()
    for value in values:
        durations.add(int(value))
    exact = np.percentile(values, percent, method="inverted_cdf") / 1e3
    assert exact <= durations.percentile_ms(percent) * (1 + 1e-9)
    assert durations.percentile_ms(percent) <= exact * 1.0051
    assert durations.max_us == values.max()


def test_percentiles_by_hand() -> None:
    durations = Durations()
    with pytest.raises(ValueError, match="no durations"):
        durations.percentile_ms(50)
    for value in (1000, 2000, 3000, 4000):
        durations.add(value)
    assert durations.percentile_ms(50) == pytest.approx(2.0, rel=0.005)
    assert durations.percentile_ms(75) == pytest.approx(3.0, rel=0.005)
    assert durations.percentile_ms(99) == 4.0
    durations.add(0)
    durations.add(10**15)
    assert durations.percentile_ms(1) == pytest.approx(0.001)
    assert durations.max_us == 10**15
