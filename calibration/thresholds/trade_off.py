"""The trade-off behind a gate threshold: what each would lose, what it would pass on, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.metrics.clopper_pearson import rate_upper_bound
from engines.metrics.confusion import Confusion


@dataclass(frozen=True, slots=True)
class Costs:
    """What an error costs, in any unit of money, and how often a sheet is defective on the line."""

    miss: float
    """A defective sheet that leaves the line unmarked."""
    false_scrap: float
    """A clean sheet that is marked."""
    defect_rate: float
    """Share of sheets that are defective; seldom that of a calibration set."""


@dataclass(frozen=True, slots=True)
class TradeOff:
    """What one gate threshold does, on the calibration frames."""

    threshold: float
    missed: int
    """Defective frames stopped at the gate."""
    miss_rate: float
    bound: float
    """Exact upper bound of the gate's miss rate, each frame counted by itself."""
    passed_on: int
    """Clean frames let through to the segmenter."""
    passed_on_rate: float
    unmarked: int
    """Defective frames that gate and segmenter together leave without a mark."""
    marked_clean: int
    """Clean frames that get a mark: false scrap."""
    cost_per_1000: float | None
    """Of both errors, per 1000 frames of the line; None where no costs were given."""


def trade_offs(
    scores: NDArray[np.float32],
    defective: NDArray[np.bool_],
    marked: NDArray[np.bool_],
    confidence: float,
    costs: Costs | None = None,
    points: int = 400,
) -> list[TradeOff]:
    """The curve over N frames, from the lowest threshold up, one point for each score of a defective frame (at most about ``points``).

    ``marked`` ``[N]``: whether the segmenter marks anything on the frame at the chosen mask thresholds. A threshold is the score of the
    defective frame that it just keeps.
    """
    levels = np.unique(scores[defective].astype(np.float64))
    if levels.size > points:
        levels = levels[np.unique(np.linspace(0, levels.size - 1, points).astype(int))]
    return [_at(float(level), scores, defective, marked, confidence, costs) for level in levels]


def _at(
    threshold: float,
    scores: NDArray[np.float32],
    defective: NDArray[np.bool_],
    marked: NDArray[np.bool_],
    confidence: float,
    costs: Costs | None,
) -> TradeOff:
    gate = Confusion.at(threshold, scores, defective)
    sheets = Confusion.of((scores.astype(np.float64) >= threshold) & marked, defective)
    cost = None
    if costs is not None:
        misses = costs.defect_rate * sheets.fn / max(gate.defective, 1)
        scrap = (1 - costs.defect_rate) * sheets.fp / max(gate.clean, 1)
        cost = 1000 * (misses * costs.miss + scrap * costs.false_scrap)
    return TradeOff(
        threshold=threshold,
        missed=gate.fn,
        miss_rate=gate.fn / max(gate.defective, 1),
        bound=rate_upper_bound(gate.fn, gate.defective, confidence),
        passed_on=gate.fp,
        passed_on_rate=gate.fp / max(gate.clean, 1),
        unmarked=sheets.fn,
        marked_clean=sheets.fp,
        cost_per_1000=cost,
    )
