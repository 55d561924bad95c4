"""Intervals by the bootstrap over groups of frames, and whether a difference between two models could be chance.

Groups are drawn with replacement (Efron 1979), all frames of a group together, and the interval is that between percentiles of the
figure over the draws. The draws are a function of seed and number of groups alone, so that two models on the same frames see
the same draws: their difference has an interval of its own (the paired bootstrap), narrower than either's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from engines.metrics.clopper_pearson import rate_upper_bound

Floats = NDArray[np.float64]

CONFIDENCE = 0.95
RESAMPLES = 2000
SEED = 20
FEWEST_GROUPS = 10
"""Below this many groups no interval is given: the draws would be too much alike."""
_LEAST_DEFINED = 0.9
"""Share of the draws in which a figure must exist (a rare class is missing from some) for its interval to mean anything."""
_CHUNK = 100


def draws(groups: int, resamples: int = RESAMPLES, seed: int = SEED) -> Iterator[NDArray[np.int64]]:
    """How often each group is drawn, ``[n, groups]`` at a time, ``resamples`` rows in all."""
    random = np.random.default_rng(seed)
    for begin in range(0, resamples, _CHUNK):
        count = min(_CHUNK, resamples - begin)
        drawn = random.integers(groups, size=(count, groups)) + np.arange(count)[:, None] * groups
        yield np.bincount(drawn.ravel(), minlength=count * groups).reshape(count, groups)


def quotients(part: Floats, whole: Floats, resamples: int = RESAMPLES, seed: int = SEED) -> Floats:
    """``[resamples, M]``: M figures in every draw, from what each group adds to their ``part`` and ``whole``, both ``[groups, M]``.

    NaN where the whole of a figure is 0.
    """
    return np.concatenate([ratio(drawn @ part, drawn @ whole) for drawn in draws(len(part), resamples, seed)])


def ratio(part: Floats, whole: Floats) -> Floats:
    """``part / whole``, NaN where whole is 0."""
    found = np.full(part.shape, np.nan)
    np.divide(part, whole, out=found, where=whole > 0)
    return found


def interval(drawn: Floats, groups: int, confidence: float = CONFIDENCE) -> tuple[float, float] | None:
    """Percentile interval of one figure from its values in the draws ``[resamples]``, widened for few groups.

    Plain percentiles are too narrow by about what the normal distribution is narrower than Student's; the percentiles are moved out
    by as much (the expanded percentile interval: Hesterberg, "What Teachers Should Know About the Bootstrap", 2015). None where there are too
    few groups, or the figure is missing from too many draws.
    """
    defined = drawn[np.isfinite(drawn)]
    if groups < FEWEST_GROUPS or len(defined) < _LEAST_DEFINED * len(drawn):
        return None
    tail = _tail(groups, confidence)
    low, high = np.percentile(defined, [100 * tail, 100 * (1 - tail)])
    return float(low), float(high)


def _tail(groups: int, confidence: float) -> float:
    """Share of the draws to leave out on each side. Student's quantile by the expansion of Abramowitz and Stegun, 26.7.5, good to
    0.1 % from 10 groups on."""
    normal, freedom = NormalDist(), groups - 1
    z = normal.inv_cdf((1 + confidence) / 2)
    student = (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )
    return normal.cdf(-student * math.sqrt(groups / freedom))


def share_interval(
    drawn: Floats, value: float, groups: int, confidence: float = CONFIDENCE
) -> tuple[float, float] | None:
    """As ``interval``, for a figure that lies between 0 and 1 and rests on ``groups`` groups.

    Where every group says 0, or every group 1, so does every draw, and the bootstrap has no width. In its place comes the exact
    bound for n successes in n trials (Clopper and Pearson 1934).
    """
    found = interval(drawn, groups, confidence)
    if found is None or found[0] < found[1] or value not in (0.0, 1.0):
        return found
    reach = rate_upper_bound(0, groups, (1 + confidence) / 2)
    return (0.0, reach) if value == 0.0 else (1 - reach, 1.0)


def chance_of_difference(
    part: tuple[Floats, Floats], whole: tuple[Floats, Floats], resamples: int = RESAMPLES, seed: int = SEED
) -> Floats:
    """``[M]``: how often figures of two models would differ as much as they do, were the models interchangeable.

    ``part`` and ``whole`` are ``[groups, M]`` of each model. In every trial each group's answers of the two are swapped or not, by
    the toss of a coin (approximate randomisation, Noreen 1989); the seen arrangement counts as one of the trials. Unlike an
    interval it stays honest where only a few groups differ at all.
    """
    found = np.abs(ratio(part[0].sum(axis=0), whole[0].sum(axis=0)) - ratio(part[1].sum(axis=0), whole[1].sum(axis=0)))
    as_far = np.zeros(part[0].shape[1])
    random = np.random.default_rng(seed)
    for begin in range(0, resamples, _CHUNK):
        kept = random.integers(2, size=(min(_CHUNK, resamples - begin), len(part[0])))
        one = ratio(kept @ part[0] + (1 - kept) @ part[1], kept @ whole[0] + (1 - kept) @ whole[1])
        other = ratio(kept @ part[1] + (1 - kept) @ part[0], kept @ whole[1] + (1 - kept) @ whole[0])
        as_far += (np.abs(one - other) >= found - 1e-12).sum(axis=0)
    return np.asarray((as_far + 1) / (resamples + 1))
