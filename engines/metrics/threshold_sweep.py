"""How well a score tells defective frames from clean ones at every threshold: ROC, precision and recall.

Everything works on weights per frame, one row per resample, so that a bootstrap interval costs no more than a matrix of sums. A frame
is caught where its score is at least the threshold, as at the gate; frames of equal score are caught together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Frames by falling score."""

    order: NDArray[np.int64]
    """[N], frames in this order."""
    firsts: NDArray[np.int64]
    """[T], where in this order each different score begins."""
    thresholds: Floats
    """[T], the different scores, falling."""
    defective: NDArray[np.bool_]
    """[N], in this order."""


def rank(scores: NDArray[np.floating], defective: NDArray[np.bool_]) -> Ranking:
    """The ranking of frames with finite ``scores`` [N] and truths [N], N at least 1."""
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order].astype(np.float64)
    firsts = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
    return Ranking(order.astype(np.int64), firsts.astype(np.int64), ranked[firsts], defective[order])


@dataclass(frozen=True, slots=True)
class Sweep:
    """What is caught at each threshold, from above the highest score down: ``[R, T + 1]`` for R rows of weights."""

    true_positives: Floats
    """Weight of the defective frames caught."""
    false_positives: Floats
    """Weight of the clean frames caught."""

    @property
    def recall(self) -> Floats:
        """Share of the defective frames caught; NaN without any."""
        return _share(self.true_positives, self.true_positives[:, -1:])

    @property
    def false_alarm_rate(self) -> Floats:
        """Share of the clean frames caught; NaN without any."""
        return _share(self.false_positives, self.false_positives[:, -1:])

    @property
    def precision(self) -> Floats:
        """Share of the caught frames that are defective; 1 where none is caught yet."""
        total = self.true_positives + self.false_positives
        return np.where(total > 0, _share(self.true_positives, total), 1.0)

    @property
    def roc_area(self) -> Floats:
        """[R], area under the ROC curve: the chance that a defective frame scores above a clean one, ties counting half (Hanley
        and McNeil 1982). NaN where one kind is missing."""
        recall, alarms = self.recall, self.false_alarm_rate
        return np.asarray((np.diff(alarms) * (recall[:, 1:] + recall[:, :-1]) / 2).sum(axis=1))

    @property
    def average_precision(self) -> Floats:
        """[R], the sum of precisions weighted by the steps in recall, not interpolated. NaN without a defective frame."""
        return np.asarray((np.diff(self.recall) * self.precision[:, 1:]).sum(axis=1))


def sweep(ranking: Ranking, weights: NDArray[np.number]) -> Sweep:
    """What is caught at each threshold under ``weights`` [R, N], per frame in the original order."""
    ranked = np.asarray(weights, dtype=np.float64)[:, ranking.order]
    return Sweep(_rising(ranked * ranking.defective, ranking), _rising(ranked * ~ranking.defective, ranking))


def roc_area(scores: NDArray[np.floating], defective: NDArray[np.bool_]) -> float:
    """Area under the ROC curve of N frames, finite scores and truths ``[N]``; NaN unless there are both kinds of frames."""
    if not defective.any() or defective.all():
        return math.nan
    return float(sweep(rank(scores, defective), np.ones((1, scores.size))).roc_area[0])


def _rising(weights: Floats, ranking: Ranking) -> Floats:
    steps = np.add.reduceat(weights, ranking.firsts, axis=1)
    return np.concatenate((np.zeros((len(steps), 1)), np.cumsum(steps, axis=1)), axis=1)


def _share(part: Floats, whole: Floats) -> Floats:
    share = np.full(part.shape, np.nan)
    np.divide(part, whole, out=share, where=np.broadcast_to(whole > 0, part.shape))
    return share
