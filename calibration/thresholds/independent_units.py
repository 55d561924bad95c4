"""The independent units that a bound counts: frames that show the same thing are one unit, as they would be lost together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class IndependentUnits:
    """Defective units, ``[N]`` each."""

    scores: NDArray[np.float64]
    """The lowest gate score of the unit's frames: it counts as lost if any of them is."""
    weights: NDArray[np.float64]
    """0..1, the mean over its frames; 1 where misses are not weighted."""


def make_units(scores: NDArray[np.float32], weights: NDArray[np.float64], groups: Sequence[str]) -> IndependentUnits:
    """Units of defective frames; ``groups`` names the group of each.

    A bound that counted near-duplicates one by one would take one lucky sheet for many. Counting a unit as lost with its first frame errs
    on the safe side: the bound then holds for frames too, where units weigh the same.
    """
    _, index = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    count = int(index.max(initial=-1)) + 1
    lowest = np.full(count, np.inf)
    np.minimum.at(lowest, index, scores.astype(np.float64))
    total, frames = np.zeros(count), np.bincount(index, minlength=count)
    np.add.at(total, index, weights)
    return IndependentUnits(lowest, total / np.maximum(frames, 1))


def size_weights(defective_px: NDArray[np.int64], cap_px: int) -> NDArray[np.float64]:
    """Weights 0..1 of frames by the area of their defects, see ``MissRateTarget``."""
    return np.minimum(defective_px, cap_px).astype(np.float64) / cap_px
