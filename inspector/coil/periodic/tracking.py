"""Where the next mark of a row lies, from those before: a Kalman filter of place and period, for one row (floats) or many (arrays).

Bar-Shalom, Li and Kirubarajan 2001, *Estimation with Applications to Tracking and Navigation*, section 6.2: nearly constant velocity, with turns for time.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from inspector.coil.config import RollMarksConfig

REACH = 3.0
"""A defect is where it was predicted within so many standard deviations of the prediction."""
WIDEST = 0.25
"""A prediction that reaches further than this share of the period to either side is none."""
DRIFT_OVER_MM = 100_000.0
"""Over which `drift_percent` is meant."""
Number: TypeAlias = Any
"""A float or an array of them. (A NamedTuple cannot be generic in Python 3.10.)"""


class Belief(NamedTuple):
    """What is believed of a row at one of its turns, mm and mm2."""

    place: Number
    period: Number
    var_place: Number
    covariance: Number
    var_period: Number


def begun(place: Number, period: Number, turns: Number, config: RollMarksConfig) -> Belief:
    """After two marks that are `turns` apart, the second one at `place`."""
    measured = config.position_mm**2
    return Belief(place, period, measured + 0 * period, measured / turns, 2 * measured / turns**2)


def predicted(belief: Belief, turns: Number, config: RollMarksConfig) -> Belief:
    """The belief `turns` further on."""
    noise = (config.drift_percent / 100 * belief.period) ** 2 * belief.period / DRIFT_OVER_MM
    return Belief(
        belief.place + turns * belief.period,
        belief.period,
        belief.var_place + turns * (2 * belief.covariance + turns * belief.var_period) + noise * turns**3 / 3,
        belief.covariance + turns * belief.var_period + noise * turns**2 / 2,
        belief.var_period + noise * turns,
    )


def reach_of(ahead: Belief, config: RollMarksConfig) -> Number:
    """How far from its place a mark may lie that belongs to the row, mm."""
    return REACH * (ahead.var_place + config.position_mm**2) ** 0.5


def updated(ahead: Belief, off_mm: Number, config: RollMarksConfig) -> Belief:
    """The belief after a mark was found `off_mm` behind its predicted place."""
    whole = ahead.var_place + config.position_mm**2
    gain, of_period = ahead.var_place / whole, ahead.covariance / whole
    return Belief(
        ahead.place + gain * off_mm,
        ahead.period + of_period * off_mm,
        (1 - gain) * ahead.var_place,
        (1 - gain) * ahead.covariance,
        ahead.var_period - of_period * ahead.covariance,
    )
