"""The gate's threshold: as many clean sheets stopped as a bounded loss of defective ones allows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.thresholds.bounds import (
    allowed_misses,
    frames_needed,
    miss_rate_bound,
    weighted_evidence,
    weighted_frames_needed,
    weighted_miss_rate_bound,
)
from calibration.thresholds.promise import Promise
from calibration.thresholds.units import Units

_LOWEST, _HIGHEST = 1e-9, 1 - 1e-9


@dataclass(frozen=True, slots=True)
class GateChoice:
    """A threshold and what it did on the frames it was chosen on."""

    threshold: float
    missed: int
    defective: int
    passed_on: int
    """Clean sheets let through to the segmenter."""
    clean: int

    @property
    def recall(self) -> float:
        """Share of defective sheets let through; NaN without any."""
        return 1.0 - self.missed / self.defective if self.defective else math.nan

    @property
    def pass_on_rate(self) -> float:
        """Share of clean sheets let through; NaN without any."""
        return self.passed_on / self.clean if self.clean else math.nan

    def miss_rate_bound(self, confidence: float = 0.95) -> float:
        """Upper bound of the true miss rate."""
        return miss_rate_bound(self.missed, self.defective, confidence)


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of a promise on one set of units."""

    threshold: float
    kept: bool
    """False: these units cannot support the promise; ``threshold`` is then the best that can be had, see ``keep_promise``."""
    missed: int
    units: int
    bound: float
    """The miss rate that does hold at ``threshold``, in the promise's own terms."""
    needed_without_miss: int
    """Units at which the promise could be kept if none of them was missed (about, where misses are weighted)."""
    needed_with_misses: int
    """The same with as many missed as here."""


def count_at(threshold: float, scores: NDArray[np.float32], defective: NDArray[np.bool_]) -> GateChoice:
    """What `threshold` does to frames of known truth; scores and truth are `[N]`."""
    let_through = scores.astype(np.float64) >= threshold
    return GateChoice(
        threshold=threshold,
        missed=int((defective & ~let_through).sum()),
        defective=int(defective.sum()),
        passed_on=int((~defective & let_through).sum()),
        clean=int((~defective).sum()),
    )


def keep_promise(units: Units, scores: NDArray[np.float32], promise: Promise) -> Kept:
    """The highest threshold at which `promise` holds for the defective `units`; `scores` are those of all frames, clean ones too.

    Where the units are too few, it is the highest threshold that loses no larger share of them than was asked for: nothing better is
    known, and `bound` says what that is worth. How many misses are allowed depends on the number of units and the promise alone, not on
    the scores, so that choosing does not wear the bound out; for weighted misses the thresholds are tried from the lowest up, and the
    trial ends with the first that fails (Angelopoulos et al., "Learn then test", 2021). Raises ValueError without a unit.
    """
    count = units.scores.size
    if not count:
        raise ValueError("the gate threshold needs defective frames to be chosen on, found none")
    order = np.argsort(units.scores, kind="stable")
    ordered, weights = units.scores[order], units.weights[order]
    allowed = _allowed(weights, promise)
    spared = allowed if allowed >= 0 else int(_within_share(weights, promise.miss_rate))
    threshold = _below(float(ordered[min(spared, count - 1)]), scores)
    missed = ordered < threshold
    lost = int(missed.sum())
    return Kept(
        threshold=threshold,
        kept=0 <= lost <= allowed,
        missed=lost,
        units=count,
        bound=_bound(missed, weights, promise),
        needed_without_miss=_needed(0, weights, promise),
        needed_with_misses=_needed(lost, weights, promise),
    )


def _allowed(weights: NDArray[np.float64], promise: Promise) -> int:
    """How many of the units with the lowest scores may be missed, -1 where not even none; weights in the order of the scores."""
    rate = promise.miss_rate
    if promise.method == "conformal":
        # Angelopoulos et al., "Conformal risk control" (2022), with the loss w (missed - rate), which is at most 1 - rate.
        lost = np.concatenate([[0.0], np.cumsum(weights)]) - rate * weights.sum()
        return int(np.flatnonzero(lost + (1 - rate) <= 1e-12).max(initial=-1))
    if promise.by_size:
        enough = weighted_evidence(weights, rate) * (1 - promise.confidence) >= 1
        return int(enough.size if enough.all() else enough.argmin()) - 1
    return allowed_misses(weights.size, rate, promise.confidence)


def _bound(missed: NDArray[np.bool_], weights: NDArray[np.float64], promise: Promise) -> float:
    if promise.method == "conformal":
        return float(min(1.0, (weights[missed].sum() + 1.0) / (weights.sum() + 1.0)))
    if promise.by_size:
        return weighted_miss_rate_bound(missed, weights, promise.confidence)
    return miss_rate_bound(int(missed.sum()), missed.size, promise.confidence)


def _needed(missed: int, weights: NDArray[np.float64], promise: Promise) -> int:
    """Units needed with `missed` misses among them; weighted misses are taken to weigh as much as the units do on average."""
    if promise.method == "conformal":
        weight = float(weights.mean())
        return math.ceil(((missed * weight + 1) / promise.miss_rate - 1) / weight - 1e-9)
    if promise.by_size:
        return weighted_frames_needed(missed, weights, promise.miss_rate, promise.confidence)
    return frames_needed(missed, promise.miss_rate, promise.confidence)


def _within_share(weights: NDArray[np.float64], rate: float) -> int:
    """How many of the units with the lowest scores carry at most `rate` of all weight."""
    return int((np.cumsum(weights) <= rate * weights.sum() + 1e-12).sum())


def _below(lowest_kept: float, scores: NDArray[np.float32]) -> float:
    """A threshold that keeps `lowest_kept` and no score below it: half-way to the next score, so that a rounding of the last digit
    loses no frame, in as few decimals as that takes."""
    lower = scores[scores.astype(np.float64) < lowest_kept]
    next_below = float(lower.max()) if lower.size else 0.0
    middle = min(max((lowest_kept + next_below) / 2, _LOWEST), _HIGHEST)
    for decimals in range(3, 9):
        rounded = round(middle, decimals)
        if max(next_below, _LOWEST) < rounded <= min(lowest_kept, _HIGHEST):
            return rounded
    return middle
