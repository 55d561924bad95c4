"""Scale from known distances on one frame, without a target: a ruler laid along the rows, and one across them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engines.errors import DataError

LEAST_PX = 20.0
"""Points that are closer give no scale that is worth having."""
_MOST_ALIKE = 50.0
"""Condition of the two directions, above which they tell the same."""


@dataclass(frozen=True, slots=True)
class Distance:
    """Two points on a frame, px, and how far they are from each other on the sheet."""

    from_px: tuple[float, float]
    to_px: tuple[float, float]
    mm: float

    @property
    def squares(self) -> tuple[float, float]:
        """Of the distances along x and along y, px2."""
        return (self.to_px[0] - self.from_px[0]) ** 2, (self.to_px[1] - self.from_px[1]) ** 2


def scale_of(distances: Sequence[Distance]) -> tuple[float, float, float]:
    """Millimetres per pixel along x and y, and the largest error with which they give a distance back, as a share of it.

    Of each distance holds ``mm**2 = (dx mm_x)**2 + (dy mm_y)**2``, linear in the squares. Raises DataError where they do not say both.
    """
    if len(distances) < 2:
        raise DataError("one distance gives no scale in two directions; give a second one, at right angles to it")
    for one in distances:
        if sum(one.squares) < LEAST_PX**2:
            raise DataError(f"a distance of {np.sqrt(sum(one.squares)):.1f} px is too short; at least {LEAST_PX:g} px")
    known = np.array([one.squares for one in distances])
    squares = np.array([one.mm**2 for one in distances])
    # Each counts by its own length, so that a short one is not lost beside a long one.
    weighed = known / squares[:, None]
    if np.linalg.cond(known / known.sum(axis=1, keepdims=True)) > _MOST_ALIKE:
        raise DataError("the distances have almost the same direction; give one along the rows, and one across them")
    found = np.linalg.lstsq(weighed, np.ones(len(distances)), rcond=None)[0]
    if not (found > 0).all():
        raise DataError("no scale fits these distances; look at their points and lengths")
    x, y = np.sqrt(found).tolist()
    error = float(np.abs(np.sqrt(known @ found / squares) - 1).max())
    return x, y, error
