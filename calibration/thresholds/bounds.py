"""How sure a miss rate is, from frames that were looked at: exact for counts, by betting for weighted misses.

All bounds are one-sided and hold for a finite number of frames, whatever the distribution of the scores, provided that the frames were
drawn independently from what the line will see and had no part in training.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_STAKES = np.geomspace(0.05, 1.0, 12)
"""Stakes of the bets, as shares of the largest there is, which is best while nothing of full weight is missed but loses all if it is."""
_SHARES = np.array([0.5 / 11] * 11 + [0.5])
"""How the first money is shared out over the stakes; their sum is as good as the best of them, within that share."""


def miss_rate_bound(missed: int, defective: int, confidence: float) -> float:
    """Exact upper bound of a miss rate (Clopper and Pearson, 1934): the rate at which ``missed`` or fewer of ``defective`` would be seen
    with probability 1 - confidence."""
    if missed >= defective:
        return 1.0
    low, high = missed / defective, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if at_most(missed, defective, middle) > 1 - confidence else (low, middle)
    return high


def at_most(missed: int, defective: int, rate: float) -> float:
    """Probability that a binomial of ``defective`` trials at ``rate`` gives ``missed`` or fewer."""
    return float(_cumulative(missed, defective, rate)[-1])


def allowed_misses(defective: int, rate: float, confidence: float) -> int:
    """The most misses among ``defective`` frames at which the exact bound is still ``rate`` or less; -1 where none at all are too many."""
    if not defective or at_most(0, defective, rate) > 1 - confidence:
        return -1
    low, high = 0, 1  # the bound holds at low, not at high
    while high < defective and at_most(high, defective, rate) <= 1 - confidence:
        low, high = high, 2 * high
    high = min(high, defective)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if at_most(middle, defective, rate) <= 1 - confidence else (low, middle)
    return low


def frames_needed(missed: int, rate: float, confidence: float) -> int:
    """The fewest defective frames with ``missed`` misses among them at which the exact bound is ``rate`` or less."""
    low, high = missed, missed + 1  # too few, perhaps enough
    while at_most(missed, high, rate) > 1 - confidence:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if at_most(missed, middle, rate) <= 1 - confidence else (middle, high)
    return high


def weighted_evidence(weights: Floats, rate: float) -> Floats:
    """Evidence that the weighted miss rate is ``rate`` or less, ``[N + 1]``: entry m where the first m of ``weights`` ``[N]`` were missed.

    Weights lie in 0..1. The weighted miss rate is E[w missed] / E[w]. Were it above ``rate``, each frame's bet 1 - stake w (missed - rate)
    would on average lose, so that their product exceeds 1/(1 - confidence) with probability at most 1 - confidence, whatever the weights
    (Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", 2024). At equal weights and no miss this is the
    Clopper-Pearson bound, but for the average over stakes.
    """
    kept, lost = _bets(weights, rate)
    start = kept.sum(axis=1, keepdims=True)
    return _average(np.concatenate([start, start + np.cumsum(lost - kept, axis=1)], axis=1))


def weighted_miss_rate_bound(missed: NDArray[np.bool_], weights: Floats, confidence: float) -> float:
    """Upper bound of the weighted miss rate E[w missed] / E[w] from frames ``[N]`` with weights in 0..1; see ``weighted_evidence``."""
    total = float(weights.sum())
    if total <= 0.0:
        return 1.0
    ordered, count = np.concatenate([weights[missed], weights[~missed]]), int(missed.sum())
    low, high = float(weights[missed].sum()) / total, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        enough = weighted_evidence(ordered, middle)[count] * (1 - confidence) >= 1
        low, high = (low, middle) if enough else (middle, high)
    return high


def weighted_frames_needed(missed: int, weights: Floats, rate: float, confidence: float) -> int:
    """About how many defective frames would show that the weighted miss rate is ``rate`` or less, if they weigh what these ``weights``
    do on average and ``missed`` of them are missed."""
    if weights.sum() <= 0.0:
        raise ValueError("frames without any weight can show nothing")
    kept, _ = _bets(weights, rate)
    _, lost = _bets(np.array([weights.mean()]), rate)
    gain = kept.mean(axis=1)

    def enough(frames: int) -> bool:
        logs = (frames - missed) * gain + (missed * lost[:, 0] if missed else 0.0)
        return bool(_average(logs[:, None])[0] * (1 - confidence) >= 1)

    low, high = missed, missed + 1
    while not enough(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _bets(weights: Floats, rate: float) -> tuple[Floats, Floats]:
    """Logarithms of what each stake makes of a frame that was kept, and of one that was missed: ``[stakes, N]`` each."""
    stakes = (_STAKES / (1.0 - rate))[:, None]
    with np.errstate(divide="ignore"):
        return np.log1p(stakes * rate * weights), np.log1p(-np.minimum(stakes * (1.0 - rate) * weights, 1.0))


def _average(logs: Floats) -> Floats:
    """Evidence of all stakes together, from its logarithms ``[stakes, M]``."""
    top = np.maximum(logs.max(axis=0), -700.0)
    return np.asarray(np.exp(np.minimum(top, 700.0)) * (np.exp(logs - top) * _SHARES[:, None]).sum(axis=0), np.float64)


def _cumulative(missed: int, defective: int, rate: float) -> Floats:
    """Binomial probabilities of at most 0..missed; in logarithms, as they span hundreds of decades."""
    k = np.arange(1, missed + 1, dtype=np.float64)
    steps = np.log((defective - k + 1) / k) + math.log(rate) - math.log1p(-rate)
    logs = defective * math.log1p(-rate) + np.concatenate([[0.0], np.cumsum(steps)])
    top = float(logs.max())
    return np.asarray(math.exp(top) * np.cumsum(np.exp(logs - top)), np.float64)
