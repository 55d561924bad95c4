"""The gate's figures: at the operating point, and at every threshold it could have had."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from engines.metrics.bootstrap import CONFIDENCE, Floats, draws, interval
from engines.metrics.clopper_pearson import rate_upper_bound
from engines.metrics.threshold_sweep import Ranking, Sweep, rank, sweep
from inspector.evaluate.estimates import Estimates, estimate
from inspector.evaluate.figures import BandPoint, Curve, CurvePoint, Estimate, GateFigures
from inspector.evaluate.tally import FrameResult, GroupSums, Tally
from inspector.report.summary import Decisions

BINS = 25
"""Of the histogram of scores."""
_GRID = np.linspace(0, 1, 51)
_EYE = 1 / 400

Axes = Callable[[Sweep], tuple[Floats, Floats]]
"""The x and y of a curve, each [R, T + 1]."""


def gate_figures(tally: Tally, sums: GroupSums, estimates: Estimates) -> GateFigures:
    """Everything about the gate."""
    scores, defective = truth_of(tally.frames)
    both = bool(defective.any() and not defective.all())
    ranking = rank(scores, defective)
    areas = drawn_areas(ranking, sums)
    whole = sweep(ranking, np.ones((1, len(scores))))
    return GateFigures(
        decisions=Decisions.of(tally.gate),
        recall=estimates["gate.recall"],
        false_alarm_rate=estimates["gate.false_alarm_rate"],
        precision=estimates["gate.precision"],
        miss_rate_upper_bound=_miss_rate_bound(tally.frames),
        roc_area=_area(whole.roc_area, areas[0], sums.groups),
        average_precision=_area(whole.average_precision, areas[1], sums.groups),
        roc=_curve(ranking, whole, sums, _roc) if both else None,
        precision_recall=_curve(ranking, whole, sums, _precision_recall) if both else None,
        scores_of_defective=_histogram(scores[defective]),
        scores_of_clean=_histogram(scores[~defective]),
    )


def _miss_rate_bound(seen: Sequence[FrameResult]) -> float | None:
    """The bound over groups; None without a defective frame."""
    groups = {one.group for one in seen if one.defective}
    missed = {one.group for one in seen if one.defective and not one.let_through}
    return rate_upper_bound(len(missed), len(groups), CONFIDENCE) if groups else None


def truth_of(seen: Sequence[FrameResult]) -> tuple[Floats, NDArray[np.bool_]]:
    """Scores and truths, both [N]."""
    return np.array([one.score for one in seen]), np.array([one.defective for one in seen])


def drawn_areas(ranking: Ranking, sums: GroupSums) -> tuple[Floats, Floats]:
    """Area under the ROC curve and average precision in every draw, both [resamples]."""
    areas = []
    for weights in draws(sums.groups):
        one = sweep(ranking, weights[:, sums.group_of_frame])
        areas.append((one.roc_area, one.average_precision))
    roc, precision = zip(*areas, strict=True)
    return np.concatenate(roc), np.concatenate(precision)


def _area(found: Floats, drawn: Floats, groups: int) -> Estimate:
    """An area with its interval; none where every draw ranks without a fault, which is no proof that the next frame would."""
    bounds = interval(drawn, groups)
    if bounds is not None and bounds[0] == bounds[1]:
        bounds = None
    return estimate(float(found[0]), bounds)


def _roc(one: Sweep) -> tuple[Floats, Floats]:
    return one.false_alarm_rate, one.recall


def _precision_recall(one: Sweep) -> tuple[Floats, Floats]:
    return one.recall, one.precision


def _curve(ranking: Ranking, whole: Sweep, sums: GroupSums, axes: Axes) -> Curve:
    """The curve of all frames, and the band in which it lies in the draws.

    The band is read at the leftmost threshold that reaches each x, for precision over recall, and at the rightmost that does not
    exceed it, for the ROC curve: both say what the gate can do there.
    """
    x, y = (values[0] for values in axes(whole))
    thresholds = np.concatenate(([1.0], ranking.thresholds))
    kept = _thinned(x, y)
    points = tuple(CurvePoint(float(x[i]), float(y[i]), float(thresholds[i])) for i in kept)
    lines = []
    for weights in draws(sums.groups):
        for drawn_x, drawn_y in zip(*axes(sweep(ranking, weights[:, sums.group_of_frame])), strict=True):
            lines.append(_at_grid(drawn_x, drawn_y, rising=axes is _roc))
    drawn = np.stack(lines)
    bounds = [interval(drawn[:, at], sums.groups) for at in range(len(_GRID))]
    band = tuple(BandPoint(float(at), *one) for at, one in zip(_GRID, bounds, strict=True) if one is not None)
    return Curve(points=points, band=band)


def _at_grid(x: Floats, y: Floats, *, rising: bool) -> Floats:
    """The curve at the grid's places; NaN where the draw lacks one kind of frame."""
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return np.full(len(_GRID), np.nan)
    if rising:
        return y[np.searchsorted(x, _GRID + 1e-12, side="right") - 1]
    return y[np.minimum(np.searchsorted(x, _GRID - 1e-12, side="left"), len(y) - 1)]


def _thinned(x: Floats, y: Floats) -> list[int]:
    """Indices of the points to keep: corners only, and no two that the eye cannot tell apart."""
    kept = [0]
    for i in range(1, len(x) - 1):
        before = kept[-1]
        straight = (x[i + 1] - x[i]) * (y[i] - y[before]) == (y[i + 1] - y[i]) * (x[i] - x[before])
        if not straight and max(abs(x[i] - x[before]), abs(y[i] - y[before])) >= _EYE:
            kept.append(i)
    return [*kept, len(x) - 1]


def _histogram(scores: Floats) -> tuple[int, ...]:
    counts, _ = np.histogram(scores, bins=BINS, range=(0.0, 1.0))
    return tuple(counts.tolist())
