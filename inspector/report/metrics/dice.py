"""The Dice coefficients that are in use, each by its name, as they differ widely on the same answers.

Dice of two pixel sets is 2 |A and B| / (|A| + |B|) (Dice 1945; Sorensen 1948).
"""

from __future__ import annotations

import numpy as np

from inspector.report.metrics.overlap import Overlap


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

    def mean_dice(self, k: int) -> float | None:
        """None where no frame has the class."""
        return self._dice[k] / self.frames[k] if self.frames[k] else None

    def mean_iou(self, k: int) -> float | None:
        """None where no frame has the class."""
        return self._iou[k] / self.frames[k] if self.frames[k] else None


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
    def mean(self) -> float | None:
        """None before the first frame."""
        return self._sum / self._pairs if self._pairs else None

    @property
    def all_empty(self) -> float | None:
        """What an empty answer on every frame scores; None before the first frame."""
        return self._empty / self._pairs if self._pairs else None


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
    def by_class(self) -> float | None:
        """None before the first defective frame."""
        return dice(*map(int, self._by_class)) if self._by_class[2] else None

    @property
    def any_class(self) -> float | None:
        """None before the first defective frame."""
        return dice(*map(int, self._any)) if self._any[2] else None
