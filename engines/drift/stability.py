"""The population stability index: how far the distribution of a figure over a window of frames is from that of the reference.

PSI = sum over bins of (p - q) ln(p / q), which is the symmetric divergence of Kullback and Leibler (1951). Under 0.1 is read as stable, over 0.25 as
another population (Siddiqi, "Credit risk scorecards", 2006). These limits do not know how many frames were compared: where both samples
come from one population, PSI is distributed as (1/n + 1/m) chi2 with bins - 1 degrees of freedom (Yurdakul, "Statistical properties of
population stability index", 2018). Hence `chance`, the value that few frames exceed by chance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

_HALF = 0.5
"""Added to each bin's count, so that an empty one has a finite logarithm."""


def stability_index(counts: NDArray[np.float64], shares: Sequence[float], frames: float) -> float:
    """PSI of a window's ``counts``, float64 ``[bins]``, against a reference's ``shares`` of ``frames`` frames. 0 where there is one bin."""
    q = np.asarray(shares, np.float64) * frames
    p, q = (counts + _HALF) / (counts.sum() + _HALF * len(q)), (q + _HALF) / (q.sum() + _HALF * len(q))
    return float(np.sum((p - q) * np.log(p / q)))


def chance(bins: int, window: float, reference: float, rate: float) -> float:
    """The PSI that is exceeded with probability ``rate`` where ``window`` and ``reference`` frames are drawn independently from one population."""
    if bins < 2:
        return 0.0
    return (1 / window + 1 / reference) * chi_square_limit(bins - 1, rate)


def chi_square_limit(degrees: int, rate: float) -> float:
    """What a chi-square of ``degrees`` exceeds with probability ``rate``; by Wilson and Hilferty (1931), a few per cent too high in the far tail."""
    part = 2 / (9 * degrees)
    return float(degrees * max(0.0, 1 - part + deviations(rate) * math.sqrt(part)) ** 3)


def deviations(rate: float) -> float:
    """How many standard deviations a normal figure exceeds its mean by with probability ``rate``."""
    return -NormalDist().inv_cdf(rate)
