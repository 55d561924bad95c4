"""Bounds of a weighted miss rate by betting (Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", 2024).

The weighted miss rate is E[w missed] / E[w], with weights w in 0..1. A counted bound does not apply to it. One-sided, and valid for any
finite number of frames, under the same conditions as the counted bound in ``clopper_pearson``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_STAKES = np.geomspace(0.05, 1.0, 12)
"""Stakes of the bets, as shares of the largest there is, which is best while nothing of full weight is missed but loses all if it is."""
_SHARES = np.array([0.5 / 11] * 11 + [0.5])
"""How the first money is shared out over the stakes; their sum is as good as the best of them, within that share."""


def weighted_evidence(weights: Floats, rate: float) -> Floats:
    """Evidence that the weighted miss rate is ``rate`` or less, ``[N + 1]``: entry m where the first m of ``weights`` ``[N]`` were missed.

    Were the rate above ``rate``, each frame's bet 1 - stake w (missed - rate) would on average lose, so that their product exceeds
    1/(1 - confidence) with probability at most 1 - confidence, whatever the weights. At equal weights and no miss this is the
    Clopper-Pearson bound, but for the average over stakes.
    """
    kept, lost = _bets(weights, rate)
    start = kept.sum(axis=1, keepdims=True)
    return _average(np.concatenate([start, start + np.cumsum(lost - kept, axis=1)], axis=1))


def weighted_miss_rate_bound(missed: NDArray[np.bool_], weights: Floats, confidence: float) -> float:
    """Upper bound of the weighted miss rate from frames ``[N]``; 1 where no frame weighs anything."""
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
    do on average and ``missed`` of them are missed. Raises ValueError where no frame weighs anything."""
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
