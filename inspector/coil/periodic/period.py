"""The period of a row with its interval, and the rolls that it fits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from inspector.coil.config import RollConfig
from inspector.coil.periodic.events import Floats
from inspector.frames.coil import RollFit


class Period(NamedTuple):
    """A period, and its 95 % interval, mm."""

    mm: float
    low_mm: float
    high_mm: float


def period_of(turn: Floats, along_mm: Floats, position_mm: float) -> Period:
    """The period of marks in the turns `turn` (whole numbers) at the places `along_mm`, at least three.

    Least squares of place over turn. Its standard error is that of independent deviations, widened by sqrt((1 + r) / (1 - r)) for deviations
    that hang together with the correlation r from a mark to the next, as those of a period that drifts do (Cochrane and Orcutt 1949, *J. Am. Stat. Assoc.* 44,
    32-61), and never below a quarter of what `position_mm` gives: five marks can lie well by chance.
    """
    n = len(turn)
    centred = turn - turn.mean()
    spread = float((centred**2).sum())
    period = float((centred * along_mm).sum() / spread)
    off = along_mm - along_mm.mean() - period * centred
    scatter = float(np.sqrt((off**2).sum() / max(1, n - 2)))
    together = float((off[1:] * off[:-1]).sum() / max(1e-12, float((off**2).sum())))
    together = min(max(together, 0.0), 0.99) if n >= 8 else 0.0
    freedom = max(1.0, (n - 2) * (1 - together) / (1 + together))
    error = max(scatter * np.sqrt((1 + together) / (1 - together)), position_mm / 4) / np.sqrt(spread)
    half = t_quantile(freedom) * float(error)
    return Period(period, period - half, period + half)


def t_quantile(freedom: float) -> float:
    """The 97.5 % point of Student's t for at least one degree of freedom (Abramowitz and Stegun 1964, 26.7.5; below five its exact values)."""
    if freedom < 5:
        return float(np.interp(freedom, [1, 2, 3, 4, 5], [12.7062, 4.3027, 3.1824, 2.7764, 2.5706]))
    z, n = 1.959964, freedom
    return z + (z**3 + z) / (4 * n) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)


def expected_mm(roll: RollConfig, turns: int) -> float:
    """The period at the camera of `turns` marks, evenly spaced on a roll: circumference times elongation, divided by `turns`."""
    return roll.circumference_mm * roll.elongation / turns


def fitting(period_mm: float, rolls: Sequence[RollConfig]) -> tuple[RollFit, ...]:
    """The rolls that would give this period within their tolerance, the nearest first."""
    fits = [
        RollFit(roll=roll.name, turns=turns, expected_mm=expected_mm(roll, turns), off_percent=off)
        for roll in rolls
        for turns in range(1, roll.marks + 1)
        for off in [(period_mm / expected_mm(roll, turns) - 1) * 100]
        if abs(off) <= roll.tolerance_percent
    ]
    return tuple(sorted(fits, key=lambda fit: (abs(fit.off_percent), fit.roll, fit.turns)))
