"""The gate threshold, and the promise behind it: it must hold on sheets that calibration never saw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.thresholds.gate_threshold import count_at, keep_promise
from calibration.thresholds.promise import Promise
from calibration.thresholds.units import Units, make_units, size_weights

SCORES = np.array([0.1, 0.3, 0.4, 0.6, 0.8, 0.9], np.float32)
DEFECTIVE = np.array([False, True, False, True, True, True])


def _units(scores: np.ndarray[tuple[int], np.dtype[np.float32]], weights: np.ndarray | None = None) -> Units:
    return make_units(
        scores, np.ones(scores.size) if weights is None else weights, [str(i) for i in range(scores.size)]
    )


def test_a_threshold_is_counted_on_defective_and_clean_frames_alike() -> None:
    choice = count_at(0.5, SCORES, DEFECTIVE)
    assert (choice.missed, choice.defective, choice.passed_on, choice.clean) == (1, 4, 0, 2)
    assert (choice.recall, choice.pass_on_rate) == (0.75, 0.0)


def test_without_a_defective_frame_there_is_nothing_to_choose() -> None:
    with pytest.raises(ValueError, match="defective frames"):
        keep_promise(_units(SCORES[:0]), SCORES, Promise())


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=60), st.floats(0.02, 0.5))
def test_a_kept_promise_misses_no_more_than_allowed(values: list[float], rate: float) -> None:
    """Whatever the scores: ties, zeros, ones."""
    scores = np.array(values, np.float32)
    kept = keep_promise(_units(scores), scores, Promise(miss_rate=rate, confidence=0.8))
    counted = count_at(kept.threshold, scores, np.ones(scores.size, bool))
    assert counted.missed == kept.missed
    assert 0 < kept.threshold < 1
    assert kept.kept == (kept.bound <= rate + 1e-12)


def test_too_few_frames_say_how_many_it_takes() -> None:
    scores = np.linspace(0.2, 0.9, 18).astype(np.float32)
    kept = keep_promise(_units(scores), scores, Promise())
    assert (kept.kept, kept.missed, kept.needed_without_miss) == (False, 0, 299)
    assert kept.bound == pytest.approx(1 - 0.05 ** (1 / 18))
    assert count_at(kept.threshold, scores, np.ones(18, bool)).missed == 0
    more = np.linspace(0.2, 0.9, 200).astype(np.float32)
    kept = keep_promise(_units(more), more, Promise())
    assert (kept.kept, kept.missed, kept.needed_without_miss, kept.needed_with_misses) == (False, 2, 299, 628)


def test_the_threshold_keeps_clear_of_every_score() -> None:
    scores = np.array([0.1, 0.2, 0.30000001, 0.3000001, 0.9], np.float32)
    kept = keep_promise(_units(scores[3:]), scores, Promise())
    assert scores[2] < kept.threshold <= scores[3]
    assert kept.missed == 0


def test_near_duplicates_count_once() -> None:
    """400 frames of 40 sheets are 40 sheets."""
    scores = np.repeat(np.linspace(0.1, 0.9, 40), 10).astype(np.float32)
    groups = [str(i // 10) for i in range(400)]
    units = make_units(scores, np.ones(400), groups)
    assert units.scores.size == 40
    assert not keep_promise(units, scores, Promise()).kept
    assert keep_promise(_units(scores), scores, Promise()).kept
    mixed = make_units(np.array([0.9, 0.1, 0.5], np.float32), np.array([1.0, 0.5, 0.2]), ["a", "a", "b"])
    np.testing.assert_allclose(mixed.scores, [0.1, 0.5], atol=1e-6)
    np.testing.assert_allclose(mixed.weights, [0.75, 0.2])


RUNS = 500


def _broken(promise: Promise, frames: int, seed: int) -> tuple[float, float, int]:
    """Share of repetitions in which the true miss rate is above the promised one, its mean, and how often the promise was kept.

    Scores of defective frames are uniform, so that the true miss rate of a threshold is the threshold itself.
    """
    rng, rates, kept_count = np.random.default_rng(seed), [], 0
    for _ in range(RUNS):
        scores = rng.random(frames).astype(np.float32)
        kept = keep_promise(_units(scores), scores, promise)
        kept_count += kept.kept
        rates.append(kept.threshold)
    return float((np.array(rates) > promise.miss_rate).mean()), float(np.mean(rates)), kept_count


@pytest.mark.parametrize(("frames", "rate", "confidence"), [(60, 0.05, 0.95), (400, 0.05, 0.9), (700, 0.01, 0.95)])
def test_the_exact_promise_holds_as_often_as_it_says(frames: int, rate: float, confidence: float) -> None:
    broken, _, kept = _broken(Promise(miss_rate=rate, confidence=confidence), frames, 1)
    assert kept == RUNS
    assert broken <= 1 - confidence


def test_the_exact_promise_is_not_held_by_being_timid() -> None:
    """At the largest number of misses allowed the bound is nearly used up: 3 in 153 at 5 %."""
    broken, mean, _ = _broken(Promise(miss_rate=0.05, confidence=0.9), 400, 2)
    assert mean > 0.03
    assert broken > 0.01


def test_the_conformal_promise_holds_on_average_and_only_so() -> None:
    promise = Promise(miss_rate=0.05, method="conformal")
    broken, mean, kept = _broken(promise, 100, 3)
    assert kept == RUNS
    assert 0.03 < mean <= 0.05
    assert broken > 0.2
    assert not keep_promise(_units(SCORES), SCORES, promise).kept


def test_the_simulation_would_catch_a_promise_from_the_share_seen() -> None:
    """The control: the highest threshold that loses 5 % of the frames seen breaks the promise about half of the time."""
    rng = np.random.default_rng(4)
    thresholds = [np.sort(rng.random(400))[20] for _ in range(RUNS)]
    assert np.mean(np.array(thresholds) > 0.05) > 0.3


@pytest.mark.parametrize("method", ["exact", "conformal"])
def test_the_promise_by_size_holds(method: str) -> None:
    """Sizes that go along with the scores: large defects are found more surely. Weighted rate below t: E[w; s < t] / E[w]."""
    promise = Promise(miss_rate=0.03, confidence=0.9, method=method, by_size=True, size_cap_px=1000)  # type: ignore[arg-type]
    rng, rates, kept_count = np.random.default_rng(6), [], 0
    for _ in range(RUNS):
        scores = rng.random(300).astype(np.float32)
        area = (rng.random(300) * 2000 * scores).astype(np.int64)
        weights = size_weights(area, promise.size_cap_px)
        kept = keep_promise(_units(scores, weights), scores, promise)
        kept_count += kept.kept
        rates.append(kept.threshold)
    sample = np.random.default_rng(7)
    score = sample.random(400_000)
    weight = np.minimum(sample.random(400_000) * 2000 * score, 1000) / 1000
    order = np.argsort(score)
    lost = np.concatenate([[0.0], np.cumsum(weight[order])]) / weight.sum()
    true = lost[np.searchsorted(score[order], rates)]
    assert kept_count == RUNS
    assert true.mean() > 0.002
    if method == "exact":
        assert (true > 0.03).mean() <= 0.1
    else:
        assert true.mean() <= 0.03


def test_what_cannot_be_asked_for() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Promise(miss_rate=1.0)
    with pytest.raises(ValueError, match="not known"):
        Promise(method="hope")  # type: ignore[arg-type]
    assert Promise().words == "at most 1 % of defective frames lost, with 95 % confidence"
