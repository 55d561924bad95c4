"""The latency histogram against the exact percentiles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.frames.latency import RESOLUTION, SMALLEST_US, LatencyHistogram, LatencyTally


@given(st.lists(st.floats(10, 1e9), min_size=1, max_size=300), st.sampled_from([0.5, 0.9, 0.99, 1.0]))
def test_percentiles_are_right_within_a_bucket(latencies: list[float], share: float) -> None:
    histogram = LatencyHistogram()
    for latency in latencies:
        histogram.add(latency)
    exact = float(np.quantile(latencies, share, method="inverted_cdf"))
    found = histogram.percentile_us(share)
    assert found is not None
    assert exact / RESOLUTION <= found <= exact * RESOLUTION * 1.0001
    assert histogram.max_us == max(latencies)


def test_nothing_yet() -> None:
    assert LatencyHistogram().percentile_us(0.5) is None


def test_below_the_smallest_bucket_and_beyond_the_largest() -> None:
    histogram = LatencyHistogram()
    histogram.add(0.5)
    assert histogram.percentile_us(1.0) == pytest.approx(0.5)
    histogram.add(1e13)
    assert histogram.percentile_us(1.0) == pytest.approx(1e13, rel=1)


@given(st.lists(st.floats(0, 1e9), max_size=300), st.lists(st.floats(1, 1e10), max_size=20).map(sorted))
def test_a_distribution_counts_none_beyond_a_limit_and_all_well_within(
    latencies: list[float], limits: list[float]
) -> None:
    histogram = LatencyHistogram()
    for latency in latencies:
        histogram.add(latency)
    found = histogram.distribution(limits)
    assert found.added == len(latencies)
    assert found.total_us == pytest.approx(sum(latencies))
    assert found.within == sorted(found.within)
    for limit, within in zip(limits, found.within, strict=True):
        assert within <= sum(latency <= limit * 1.0001 for latency in latencies)
        if limit > SMALLEST_US * RESOLUTION:
            assert within >= sum(latency <= limit / RESOLUTION * 0.9999 for latency in latencies)


@given(st.lists(st.integers(0, 10**9), max_size=100))
def test_a_tally_of_another_process_counts_as_if_added_here(latencies: list[int]) -> None:
    tally, here, there = LatencyTally(), LatencyHistogram(), LatencyHistogram()
    for place, latency in enumerate(latencies):
        tally.add(latency)
        here.add(latency)
        if place % 7 == 0:
            there.add_taken(tally.take())
    there.add_taken(tally.take())
    assert tally.take() == []
    assert (there.count, there.total_us, there.max_us) == (here.count, here.total_us, here.max_us)
    limits = [100.0, 1e4, 1e6]
    assert there.distribution(limits) == here.distribution(limits)


@pytest.mark.parametrize("taken", [[5, 5, 0], [5, 5, 5000, 1], [5, 5, 0, -1]])
def test_what_no_tally_gives_is_refused(taken: list[int]) -> None:
    histogram = LatencyHistogram()
    with pytest.raises(ValueError, match=r"zip|no counts"):
        histogram.add_taken(taken)
    assert histogram.count == 0
