"""The period of a row with its interval, and the rolls that it fits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from inspector.coil.config import RollConfig
from inspector.coil.periodic.events import Floats
from inspector.frames.coil import RollFit

LAGS = 40


class Period(NamedTuple):
    """A period, and its 95 % interval, mm."""

    mm: float
    low_mm: float
    high_mm: float


def period_of(turn: Floats, along_mm: Floats, position_mm: float) -> Period:
    """The period of marks in the turns `turn` (whole numbers) at the places `along_mm`, at least three.

    Least squares of place over turn. The deviations of neighbouring marks hang together, where the period drifts and because a row looks for its next mark
    near where it believes it: their variance is that of Newey and West 1987, *Econometrica* 55, 703-708, over up to LAGS marks. It is never taken
    below a quarter of `position_mm` squared, for five marks can lie well by chance.
    """
    n = len(turn)
    centred = turn - turn.mean()
    spread = float((centred**2).sum())
    period = float((centred * along_mm).sum() / spread)
    off = along_mm - along_mm.mean() - period * centred
    lags = min(n // 8, LAGS)
    alone = float(off @ off) / max(1, n - 2)
    together = sum(2 * (1 - lag / (lags + 1)) * float(off[lag:] @ off[:-lag]) / n for lag in range(1, lags + 1))
    error = np.sqrt(max(alone, alone + together, (position_mm / 4) ** 2) / spread)
    half = t_quantile(max(1.0, min(n - 2, 1.5 * n / (lags + 1)))) * float(error)
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
