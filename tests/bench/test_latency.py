"""Percentiles of latencies and queue depth: none where the samples do not carry it, and none that flatters."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.bench.latency import KindSamples, kind_latency, percentile
from inspector.bench.repetition import part_load_frames
from inspector.bench.stretch import under_way


@pytest.mark.parametrize(("percent", "least"), [(50, 20), (95, 200), (99, 1_000), (99.9, 10_000)])
def test_a_percentile_needs_ten_samples_beyond_it(percent: float, least: int) -> None:
    samples = np.random.default_rng(0).permutation(np.arange(1.0, least + 1))
    assert percentile(samples, percent) == least - 10
    assert percentile(samples[1:], percent) is None


def test_frames_that_were_not_inspected_are_later_than_all_others() -> None:
    samples = np.ones(2_000)
    samples[:10] = np.inf
    assert percentile(samples, 99) == 1
    samples[:21] = np.inf
    assert percentile(samples, 99) is None
    assert percentile(samples, 50) == 1


def test_latencies_of_all_repetitions_are_pooled() -> None:
    """Each is compared with the own time of its repetition: a machine that is slower in one of them changes no ratio."""
    spread = np.linspace(1, 2, 500)
    found = kind_latency([KindSamples(spread * own_ms, own_ms, 4 * own_ms) for own_ms in (2.0, 6.0, 6.0)])
    assert found is not None
    assert found.frames == 1500
    assert found.own_ms == 6
    assert found.full_batch_ms == 24
    assert found.max_ms == 12
    assert found.p99_ms == pytest.approx(12, rel=0.02)
    assert found.p99_of_own == pytest.approx(1.99, rel=0.01)
    assert found.p99_of_full_batch == pytest.approx(1.99 / 4, rel=0.01)
    assert found.p999_ms is None


def test_a_kind_of_frame_that_did_not_come_has_no_figures() -> None:
    assert kind_latency([KindSamples(np.empty(0), 1.0, 1.0)] * 3) is None


def test_frames_of_which_none_was_inspected() -> None:
    found = kind_latency([KindSamples(np.full(1000, np.inf), 1.0, 1.0)])
    assert found is not None
    assert found.p50_ms is found.p99_ms is found.max_ms is found.p99_of_own is None


def test_part_load_is_longer_where_that_makes_a_p99_of_the_rarer_kind() -> None:
    assert part_load_frames(300, 0.5, 1.0, 7) == 900
    assert part_load_frames(300, 0.1, 1.0, 7) == pytest.approx(10_000 / 7)
    assert part_load_frames(300, 0.02, 1.0, 7) == 900, "it would take too long"
    assert part_load_frames(300, 1.0, 1.0, 7) == 900


def test_queue_depth_counts_frames_between_capture_and_verdict() -> None:
    captured = np.array([0, 10, 20, 30])
    assert under_way(captured, captured + 25, 1).most == 3
    found = under_way(captured, captured + 5, 1)
    assert (found.mean, found.most) == (0.5, 1)
    assert under_way(captured, captured + 5, 3).most == 1, "one frame counts"
