"""The confusion matrix of yes-or-no decisions on frames, and the rates that follow from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(slots=True)
class Confusion:
    """Frames by decision and truth; positive means defective, and a positive decision means caught.

    Every rate is None where there is no frame to say it from.
    """

    tp: int = 0
    """Defective and caught."""
    fn: int = 0
    """Defective and missed."""
    fp: int = 0
    """Clean and caught."""
    tn: int = 0
    """Clean and passed."""

    @classmethod
    def of(cls, caught: NDArray[np.bool_], defective: NDArray[np.bool_]) -> Confusion:
        """The matrix of N frames: decisions and truths, ``bool [N]`` each."""
        return cls(
            tp=int((defective & caught).sum()),
            fn=int((defective & ~caught).sum()),
            fp=int((~defective & caught).sum()),
            tn=int((~defective & ~caught).sum()),
        )

    @classmethod
    def at(cls, threshold: float, scores: NDArray[np.floating], defective: NDArray[np.bool_]) -> Confusion:
        """The matrix of N frames that are caught where their score is ``threshold`` or more; ``[N]`` each.

        Scores are compared as float64: a threshold in decimals has no exact float32.
        """
        return cls.of(scores.astype(np.float64) >= threshold, defective)

    def add(self, *, caught: bool, defective: bool) -> None:
        """Count one frame."""
        if defective:
            self.tp, self.fn = self.tp + caught, self.fn + (not caught)
        else:
            self.fp, self.tn = self.fp + caught, self.tn + (not caught)

    @property
    def defective(self) -> int:
        """Frames that are defective: tp + fn."""
        return self.tp + self.fn

    @property
    def clean(self) -> int:
        """Frames that are clean: fp + tn."""
        return self.fp + self.tn

    @property
    def recall(self) -> float | None:
        """Share of the defective frames that were caught, tp / (tp + fn)."""
        return _share(self.tp, self.fn)

    @property
    def false_alarm_rate(self) -> float | None:
        """Share of the clean frames that were caught, fp / (fp + tn)."""
        return _share(self.fp, self.tn)

    @property
    def precision(self) -> float | None:
        """Share of the caught frames that are defective, tp / (tp + fp)."""
        return _share(self.tp, self.fp)


def _share(part: int, rest: int) -> float | None:
    return part / (part + rest) if part + rest else None
