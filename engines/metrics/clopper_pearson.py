"""Exact bounds of a rate from counted frames (Clopper and Pearson, "The use of confidence or fiducial limits", Biometrika 1934).

One-sided, and valid for any finite number of frames whatever the distribution of the scores, provided that the frames were drawn
independently from what the line will see and had no part in training.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_ALL_TERMS = 10_000
"""So many terms of a sum are all added; 10 million of them took a minute for one bound."""


def rate_upper_bound(count: int, trials: int, confidence: float) -> float:
    """Upper bound of a rate of which ``count`` cases were seen in ``trials``: the rate at which ``count`` or fewer would be seen with
    probability 1 - confidence. 1 where every trial was a case, also where there was no trial; ``confidence`` lies in 0..1."""
    if count >= trials:
        return 1.0
    if not count:
        return -math.expm1(math.log1p(-confidence) / trials)
    low, high = count / trials, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if binomial_at_most(count, trials, middle) > 1 - confidence else (low, middle)
    return high


def binomial_at_most(count: int, trials: int, rate: float) -> float:
    """Probability that a binomial of ``trials`` at ``rate`` gives ``count`` or fewer; 0 < rate < 1."""
    # Summed from logarithms, as the terms span hundreds of decades; of very many, those that can be told from 0 beside the largest one.
    first, last = _terms_that_count(count, trials, rate) if count > _ALL_TERMS else (0, count)
    k = np.arange(first + 1, last + 1, dtype=np.float64)
    steps = np.log((trials - k + 1) / k) + math.log(rate) - math.log1p(-rate)
    logs = _log_term(first, trials, rate) + np.concatenate([[0.0], np.cumsum(steps)])
    top = float(logs.max())
    return min(1.0, float(math.exp(top) * np.cumsum(np.exp(logs - top))[-1]))


def _terms_that_count(count: int, trials: int, rate: float) -> tuple[int, int]:
    """First and last of the terms 0 to ``count`` without those beyond 12 standard deviations from the largest: below 1e-31 of it."""
    reach = 12 * math.sqrt(trials * rate * (1 - rate)) + 100
    largest = min(float(count), trials * rate)
    return max(0, math.floor(largest - reach)), min(count, math.ceil(largest + reach))


def _log_term(number: int, trials: int, rate: float) -> float:
    """Logarithm of the probability of exactly ``number``."""
    ways = math.lgamma(trials + 1) - math.lgamma(number + 1) - math.lgamma(trials - number + 1) if number else 0.0
    return ways + number * math.log(rate) + (trials - number) * math.log1p(-rate)


def allowed_misses(defective: int, rate: float, confidence: float) -> int:
    """The most misses among ``defective`` frames at which the exact bound is still ``rate`` or less; -1 where none at all are too many."""
    if not defective or binomial_at_most(0, defective, rate) > 1 - confidence:
        return -1
    low, high = 0, 1  # the bound holds at low, not at high
    while high < defective and binomial_at_most(high, defective, rate) <= 1 - confidence:
        low, high = high, 2 * high
    high = min(high, defective)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if binomial_at_most(middle, defective, rate) <= 1 - confidence else (low, middle)
    return low


def frames_needed(missed: int, rate: float, confidence: float) -> int:
    """The fewest defective frames with ``missed`` misses among them at which the exact bound is ``rate`` or less."""
    low, high = missed, missed + 1  # too few, perhaps enough
    while binomial_at_most(missed, high, rate) > 1 - confidence:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if binomial_at_most(missed, middle, rate) <= 1 - confidence else (middle, high)
    return high
