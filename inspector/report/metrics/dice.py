"""The Dice coefficients that are in use, each by its name, as they differ widely on the same answers.

Dice of two pixel sets is 2 |A and B| / (|A| + |B|) (Dice 1945; Sorensen 1948).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inspector.report.metrics.overlap import Overlap
from inspector.report.metrics.quotient import Quotient


def dice(both: int, marked: int, true: int) -> float:
    """Dice of two sets from their sizes; 1 where both are empty."""
    return 2 * both / (marked + true) if marked + true else 1.0


class PositivePairs:
    """Per class: mean Dice and IoU over the frames in which the truth has the class. Says how well a present defect is
    outlined; knows nothing of false alarms on frames without it."""

    def __init__(self, class_count: int) -> None:
        self.frames = [0] * class_count
        self._dice = [0.0] * class_count
        self._iou = [0.0] * class_count

    def add(self, frame: Overlap) -> None:
        for k in np.flatnonzero(frame.true):
            both, marked, true = int(frame.both[k]), int(frame.marked[k]), int(frame.true[k])
            self.frames[k] += 1
            self._dice[k] += dice(both, marked, true)
            self._iou[k] += both / (marked + true - both)

    def dice(self, k: int) -> Quotient:
        """Mean Dice of class k over the frames that have it."""
        return Quotient(self._dice[k], self.frames[k])

    def iou(self, k: int) -> Quotient:
        """Mean intersection over union of class k over the frames that have it."""
        return Quotient(self._iou[k], self.frames[k])

    @property
    def dice_of_all(self) -> Quotient:
        """Mean Dice over the positive pairs of all classes together."""
        return Quotient(sum(self._dice), sum(self.frames))


class KaggleDice:
    """The competition's figure: mean Dice over all (frame, class) pairs, 1 where both masks are empty
    (https://www.kaggle.com/c/severstal-steel-defect-detection, Evaluation).

    Most pairs are empty, so that marking nothing at all scores high: ``all_empty`` is that value, to be read beside it.
    """

    def __init__(self, class_count: int) -> None:
        self._class_count = class_count
        self._pairs = 0
        self._sum = 0.0
        self._empty = 0

    def add(self, frame: Overlap) -> None:
        self._pairs += self._class_count
        for both, marked, true in zip(frame.both, frame.marked, frame.true, strict=True):
            self._sum += dice(int(both), int(marked), int(true))
            self._empty += not true

    @property
    def mean(self) -> Quotient:
        """The figure."""
        return Quotient(self._sum, self._pairs)

    @property
    def all_empty(self) -> Quotient:
        """What an empty answer on every frame scores."""
        return Quotient(self._empty, self._pairs)


class DefectivePixels:
    """Dice over the pixels of all defective frames taken together: large defects weigh as much as they are large.

    ``by_class`` pools the classes' counts (a pixel of the wrong class is wrong); ``any_class`` asks only whether a pixel is
    defective.
    """

    def __init__(self) -> None:
        self._by_class = np.zeros(3, dtype=np.int64)
        self._any = np.zeros(3, dtype=np.int64)

    def add(self, frame: Overlap) -> None:
        if frame.defective:
            self._by_class += (frame.both.sum(), frame.marked.sum(), frame.true.sum())
            self._any += (frame.any_both, frame.any_marked, frame.any_true)

    @property
    def by_class(self) -> Quotient:
        """The class counts."""
        return _pooled(self._by_class)

    @property
    def any_class(self) -> Quotient:
        """Whatever the class."""
        return _pooled(self._any)


def _pooled(counts: NDArray[np.int64]) -> Quotient:
    """Dice of pooled counts of pixels in both, marked and true."""
    both, marked, true = (int(one) for one in counts)
    return Quotient(2 * both, marked + true)
