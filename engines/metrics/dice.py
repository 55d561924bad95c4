"""The Dice coefficients that are in use, each by its name, as they differ widely on the same answers.

Dice of two pixel sets is 2 |A and B| / (|A| + |B|) (Dice 1945; Sorensen 1948); IoU is |A and B| / |A or B| (Jaccard 1901).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engines.metrics.overlap import Overlap
from engines.metrics.quotient import Quotient

Floats = NDArray[np.float64]


def dice(both: ArrayLike, marked: ArrayLike, true: ArrayLike) -> Floats:
    """Dice from the sizes of two sets and of their intersection, ``float64`` of the common shape; 1 where both sets are empty."""
    twice, total = 2 * np.asarray(both), np.asarray(marked) + np.asarray(true)
    return _share(twice, total)


def iou(both: ArrayLike, marked: ArrayLike, true: ArrayLike) -> Floats:
    """Intersection over union, as ``dice``; 1 where both sets are empty."""
    inside = np.asarray(both)
    return _share(inside, np.asarray(marked) + np.asarray(true) - inside)


def _share(part: NDArray[Any], whole: NDArray[Any]) -> Floats:
    return np.where(whole == 0, 1.0, part / np.maximum(whole, 1))


class PositivePairs:
    """Per class: mean Dice and IoU over the frames in which the truth has the class. Says how well a present defect is
    outlined; knows nothing of false alarms on frames without it."""

    def __init__(self, class_count: int) -> None:
        self.frames = [0] * class_count
        self._dice = [0.0] * class_count
        self._iou = [0.0] * class_count

    def add(self, frame: Overlap) -> None:
        """Count one frame."""
        counts = (frame.both, frame.marked, frame.true)
        of_dice, of_iou = dice(*counts).tolist(), iou(*counts).tolist()
        for k in np.flatnonzero(frame.true):
            self.frames[k] += 1
            self._dice[k] += of_dice[k]
            self._iou[k] += of_iou[k]

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
        """Count one frame."""
        self._pairs += self._class_count
        for one in dice(frame.both, frame.marked, frame.true).tolist():
            self._sum += one
        self._empty += int((frame.true == 0).sum())

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
        """Count one frame; a clean one counts for nothing."""
        if frame.defective:
            self._by_class += (frame.both.sum(), frame.marked.sum(), frame.true.sum())
            self._any += (frame.any_both, frame.any_marked, frame.any_true)

    @property
    def by_class(self) -> Quotient:
        """The class counts."""
        return pooled_dice(*self._by_class.tolist())

    @property
    def any_class(self) -> Quotient:
        """Whatever the class."""
        return pooled_dice(*self._any.tolist())


def pooled_dice(both: int, marked: int, true: int) -> Quotient:
    """Dice of pixels counted over many frames, before the division; without a value where no pixel is marked or true."""
    return Quotient(2 * both, marked + true)
