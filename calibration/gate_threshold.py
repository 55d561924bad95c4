"""The gate's threshold: as many clean sheets stopped as a bounded loss of defective ones allows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class GateChoice:
    """A threshold and what it did on the frames it was chosen on."""

    threshold: float
    missed: int
    defective: int
    passed_on: int
    """Clean sheets let through to the segmenter."""
    clean: int

    @property
    def recall(self) -> float:
        """Share of defective sheets let through; NaN without any."""
        return 1.0 - self.missed / self.defective if self.defective else math.nan

    @property
    def pass_on_rate(self) -> float:
        """Share of clean sheets let through; NaN without any."""
        return self.passed_on / self.clean if self.clean else math.nan

    def miss_rate_bound(self, confidence: float = 0.95) -> float:
        """Upper bound of the true miss rate."""
        return miss_rate_bound(self.missed, self.defective, confidence)


def count_at(threshold: float, scores: NDArray[np.float32], defective: NDArray[np.bool_]) -> GateChoice:
    """What `threshold` does to frames of known truth; scores and truth are `[N]`."""
    let_through = scores >= threshold
    return GateChoice(
        threshold=threshold,
        missed=int((defective & ~let_through).sum()),
        defective=int(defective.sum()),
        passed_on=int((~defective & let_through).sum()),
        clean=int((~defective).sum()),
    )


def choose_gate_threshold(scores: NDArray[np.float32], defective: NDArray[np.bool_], recall: float) -> GateChoice:
    """The highest threshold that lets at least `recall` of the defective frames through, `[N]` scores and truths.

    It lies half-way to the next score below, so that a rounding of the last digit loses no frame. Raises ValueError
    without a defective frame.
    """
    positives = np.sort(scores[defective])[::-1]
    if not positives.size:
        raise ValueError("the gate threshold needs defective frames to be chosen on, found none")
    kept = max(1, math.ceil(recall * positives.size - 1e-9))
    lowest_kept = float(positives[kept - 1])
    below = scores[scores < lowest_kept]
    threshold = (lowest_kept + (float(below.max()) if below.size else 0.0)) / 2
    return count_at(min(max(threshold, 1e-4), 1 - 1e-4), scores, defective)


def miss_rate_bound(missed: int, defective: int, confidence: float) -> float:
    """Exact one-sided upper bound of a miss rate (Clopper and Pearson, 1934): the rate at which `missed` or fewer of
    `defective` would be seen with probability 1 - confidence."""
    if missed >= defective:
        return 1.0
    low, high = missed / defective, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        seen = sum(math.comb(defective, k) * middle**k * (1 - middle) ** (defective - k) for k in range(missed + 1))
        low, high = (middle, high) if seen > 1 - confidence else (low, middle)
    return high
