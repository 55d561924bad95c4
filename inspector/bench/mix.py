"""Which frames of a measurement the gate lets through: their share, and how they follow each other.

The gate's decisions are replaced by a list, so that the share is exact and the same in each repetition; both engines still run. A
defective stretch of a coil gives the engines more work in a moment than the same share spread evenly, and the latency shows it.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inspector.bench.pattern import BURST, FINEST_SHARE, Pattern


class Mix(NamedTuple):
    """The share of frames let through, and how they follow each other."""

    share: float
    """Above 0, at most 1."""
    pattern: Pattern = Pattern.EVEN

    def whole(self, frames: float) -> int:
        """The least number of frames, at least ``frames``, of which exactly the share is let through."""
        period = _fraction(self.share).denominator * (BURST if self.pattern is Pattern.BURSTS else 1)
        return max(1, ceil(frames / period)) * period

    def let_through(self, frames: int, seed: int = 0) -> NDArray[np.bool_]:
        """Which of ``frames`` frames, a number from ``whole``, are let through [frames]. ``seed`` is for ``RANDOM``."""
        if self.pattern is Pattern.BURSTS:
            return np.repeat(_evenly(self.share, frames // BURST), BURST)
        chosen = _evenly(self.share, frames)
        return np.random.default_rng(seed).permutation(chosen) if self.pattern is Pattern.RANDOM else chosen


def mixes(shares: tuple[float, ...], patterns: tuple[Pattern, ...]) -> tuple[Mix, ...]:
    """Every share in every pattern. Where all frames are let through there are no patterns: that share comes once."""
    return tuple(Mix(share, pattern) for share in shares for pattern in (patterns if share < 1 else (Pattern.EVEN,)))


def _evenly(share: float, count: int) -> NDArray[np.bool_]:
    """Which of ``count`` are chosen, at equal distances, the first after half a distance."""
    exact = _fraction(share)
    passed = (2 * np.arange(count + 1) * exact.numerator + exact.denominator) // (2 * exact.denominator)
    return np.diff(passed) > 0


def _fraction(share: float) -> Fraction:
    return Fraction(share).limit_denominator(round(1 / FINEST_SHARE))
