"""The figures of a tally with their intervals."""

from __future__ import annotations

from engines.metrics.bootstrap import interval, quotients, ratio, share_interval
from inspector.evaluate.figures import Estimate
from inspector.evaluate.tally import GroupSums

Estimates = dict[str, Estimate]
UNBOUNDED = ("false_defects_per_frame",)
"""The figures that are no share of anything: they may exceed 1."""


def estimates_of(sums: GroupSums) -> Estimates:
    """Every figure by its name."""
    found = ratio(sums.part.sum(axis=0), sums.whole.sum(axis=0))
    drawn = quotients(sums.part, sums.whole)
    groups = (sums.whole > 0).sum(axis=0)
    made: Estimates = {}
    for index, name in enumerate(sums.names):
        value, values, count = float(found[index]), drawn[:, index], int(groups[index])
        is_share = value == 0 or not name.endswith(UNBOUNDED)
        bounds = share_interval(values, value, count) if is_share else interval(values, count)
        made[name] = estimate(value, bounds)
    return made


def estimate(value: float, bounds: tuple[float, float] | None) -> Estimate:
    """A figure with its interval; without a value for NaN."""
    if value != value:
        return Estimate(value=None)
    low, high = bounds if bounds is not None else (None, None)
    return Estimate(value=value, low=low, high=high)
