"""Conformal bounds of a miss rate: true on average over calibration sets and the next frame, not with a confidence.

Conformal prediction (Vovk, Gammerman and Shafer, 2005); for weighted misses conformal risk control (Angelopoulos et al., "Conformal risk
control", 2022) with the loss w (missed - rate), which is at most 1 - rate. Weights lie in 0..1; equal weights of 1 count frames.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def conformal_miss_rate_bound(missed: NDArray[np.bool_], weights: Floats) -> float:
    """The average miss rate that holds where ``missed`` of the frames ``[N]`` were missed: (lost weight + 1) / (all weight + 1)."""
    return float(min(1.0, (weights[missed].sum() + 1.0) / (weights.sum() + 1.0)))


def conformal_allowed_misses(weights: Floats, rate: float) -> int:
    """How many of the first of ``weights`` ``[N]``, in the order of the scores, may be missed; -1 where not even none."""
    lost = np.concatenate([[0.0], np.cumsum(weights)]) - rate * weights.sum()
    return int(np.flatnonzero(lost + (1 - rate) <= 1e-12).max(initial=-1))


def conformal_frames_needed(missed: int, weights: Floats, rate: float) -> int:
    """Frames at which ``rate`` would hold with ``missed`` of them missed, if they weigh what ``weights`` do on average."""
    weight = float(weights.mean())
    return math.ceil(((missed * weight + 1) / rate - 1) / weight - 1e-9)
