"""The gate's threshold: as many clean sheets stopped as a bounded miss rate allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.thresholds.independent_units import IndependentUnits
from calibration.thresholds.miss_rate_target import MissRateTarget
from engines.metrics.betting import weighted_evidence, weighted_frames_needed, weighted_miss_rate_bound
from engines.metrics.clopper_pearson import allowed_misses, frames_needed, rate_upper_bound
from engines.metrics.conformal import conformal_allowed_misses, conformal_frames_needed, conformal_miss_rate_bound

_LOWEST, _HIGHEST = 1e-9, 1 - 1e-9


@dataclass(frozen=True, slots=True)
class GateChoice:
    """The threshold chosen for a target on one set of units, and what it is worth."""

    threshold: float
    met: bool
    """False: these units cannot support the target; ``threshold`` is then the best that can be had, see ``choose_gate_threshold``."""
    missed: int
    units: int
    bound: float
    """The miss rate that does hold at ``threshold``, in the target's own terms."""
    needed_without_miss: int
    """Units at which the target could be met if none of them was missed (about, where misses are weighted)."""
    needed_with_misses: int
    """The same with as many missed as here."""


def choose_gate_threshold(units: IndependentUnits, scores: NDArray[np.float32], target: MissRateTarget) -> GateChoice:
    """The highest threshold at which ``target`` is met by the defective ``units``; ``scores`` are those of all frames, clean ones too.

    Where the units are too few, it is the highest threshold that loses no larger share of them than was asked for: nothing better is
    known, and ``bound`` says what that is worth. How many misses are allowed depends on the number of units and the target alone, not on
    the scores, so choosing the threshold does not weaken the bound; for weighted misses the thresholds are tried from the lowest up, and
    the trial ends with the first that fails (Angelopoulos et al., "Learn then test", 2021). Raises ValueError without a unit.
    """
    count = units.scores.size
    if not count:
        raise ValueError("the gate threshold needs defective frames to be chosen on, found none")
    order = np.argsort(units.scores, kind="stable")
    ordered, weights = units.scores[order], units.weights[order]
    allowed = _allowed(weights, target)
    spared = allowed if allowed >= 0 else int(_within_share(weights, target.miss_rate))
    threshold = _below(float(ordered[min(spared, count - 1)]), scores)
    missed = ordered < threshold
    lost = int(missed.sum())
    return GateChoice(
        threshold=threshold,
        met=0 <= lost <= allowed,
        missed=lost,
        units=count,
        bound=_bound(missed, weights, target),
        needed_without_miss=_needed(0, weights, target),
        needed_with_misses=_needed(lost, weights, target),
    )


def _allowed(weights: NDArray[np.float64], target: MissRateTarget) -> int:
    """How many of the units with the lowest scores may be missed, -1 where not even none; weights in the order of the scores."""
    rate = target.miss_rate
    if target.method == "conformal":
        return conformal_allowed_misses(weights, rate)
    if target.by_size:
        enough = weighted_evidence(weights, rate) * (1 - target.confidence) >= 1
        return int(enough.size if enough.all() else enough.argmin()) - 1
    return allowed_misses(weights.size, rate, target.confidence)


def _bound(missed: NDArray[np.bool_], weights: NDArray[np.float64], target: MissRateTarget) -> float:
    if target.method == "conformal":
        return conformal_miss_rate_bound(missed, weights)
    if target.by_size:
        return weighted_miss_rate_bound(missed, weights, target.confidence)
    return rate_upper_bound(int(missed.sum()), missed.size, target.confidence)


def _needed(missed: int, weights: NDArray[np.float64], target: MissRateTarget) -> int:
    """Units needed with ``missed`` misses among them; weighted misses are taken to weigh as much as the units do on average."""
    if target.method == "conformal":
        return conformal_frames_needed(missed, weights, target.miss_rate)
    if target.by_size:
        return weighted_frames_needed(missed, weights, target.miss_rate, target.confidence)
    return frames_needed(missed, target.miss_rate, target.confidence)


def _within_share(weights: NDArray[np.float64], rate: float) -> int:
    """How many of the units with the lowest scores carry at most ``rate`` of all weight."""
    return int((np.cumsum(weights) <= rate * weights.sum() + 1e-12).sum())


def _below(lowest_kept: float, scores: NDArray[np.float32]) -> float:
    """A threshold that keeps ``lowest_kept`` and no score below it: half-way to the next score, so that a rounding of the last digit
    loses no frame, in as few decimals as that takes."""
    lower = scores[scores.astype(np.float64) < lowest_kept]
    next_below = float(lower.max()) if lower.size else 0.0
    middle = min(max((lowest_kept + next_below) / 2, _LOWEST), _HIGHEST)
    for decimals in range(3, 9):
        rounded = round(middle, decimals)
        if max(next_below, _LOWEST) < rounded <= min(lowest_kept, _HIGHEST):
            return rounded
    return middle
