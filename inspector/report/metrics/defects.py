"""Defects one by one: which of the true ones were found, and which of the marked ones are none."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inspector.report.metrics.quotient import Quotient

FOUND_FROM_IOU = 0.1
"""A true and a marked region are the same defect above this intersection over union."""


class DefectCounts:
    """Per class: true defects and how many were found; marked defects and how many are false.

    A defect is an 8-connected region of one class. A true one is found where a marked one of its class overlaps it with
    IoU > 0.1, a marked one is false where it so overlaps no true one of its class. Every true region counts, however small:
    one below the operating point's minimum area can only be missed.
    """

    def __init__(self, class_count: int) -> None:
        self.frames = 0
        self.true = [0] * class_count
        self.found = [0] * class_count
        self.marked = [0] * class_count
        self.false = [0] * class_count

    def add(self, marked: NDArray[np.uint8] | None, true: NDArray[np.uint8] | None) -> None:
        """Count one frame from two bitmasks ``uint8 [H, W]``; None stands for an empty mask."""
        self.frames += 1
        for k in range(len(self.true)):
            marked_count, marked_labels = _label(marked, k)
            true_count, true_labels = _label(true, k)
            same = _same(true_count, true_labels, marked_count, marked_labels)
            self.true[k] += true_count
            self.marked[k] += marked_count
            self.found[k] += int(same.any(axis=1).sum())
            self.false[k] += marked_count - int(same.any(axis=0).sum())

    def merge(self, other: DefectCounts) -> None:
        """Add what another has counted on other frames."""
        self.frames += other.frames
        for mine, more in (
            (self.true, other.true),
            (self.found, other.found),
            (self.marked, other.marked),
            (self.false, other.false),
        ):
            mine[:] = [a + b for a, b in zip(mine, more, strict=True)]

    def recall(self, k: int) -> Quotient:
        """Share of the true defects of class k that were found."""
        return Quotient(self.found[k], self.true[k])

    @property
    def recall_of_all(self) -> Quotient:
        """Share of all true defects that were found."""
        return Quotient(sum(self.found), sum(self.true))

    @property
    def false_per_frame(self) -> Quotient:
        """False defects per frame, all classes together."""
        return Quotient(sum(self.false), self.frames)


def _label(mask: NDArray[np.uint8] | None, k: int) -> tuple[int, NDArray[np.int32] | None]:
    """Regions of class k: how many, and ``int32 [H, W]`` with their numbers from 1; None where there are none."""
    if mask is None:
        return 0, None
    plane = mask & np.uint8(1 << k)
    if not plane.any():
        return 0, None
    labelled, labels = cv2.connectedComponents(plane, connectivity=8, ltype=cv2.CV_32S)
    return labelled - 1, np.asarray(labels, dtype=np.int32)


def _same(
    true_count: int, true: NDArray[np.int32] | None, marked_count: int, marked: NDArray[np.int32] | None
) -> NDArray[np.bool_]:
    """``bool [true, marked]``: whether two regions are the same defect."""
    if true is None or marked is None:
        return np.zeros((true_count, marked_count), dtype=np.bool_)
    # Only pairs that touch are looked at: the table of all pairs would be large where a mask is full of specks.
    touching = (true > 0) & (marked > 0)
    pairs, both = np.unique(true[touching].astype(np.int64) * (marked_count + 1) + marked[touching], return_counts=True)
    t, m = np.divmod(pairs, marked_count + 1)
    area_true = np.bincount(true.ravel(), minlength=true_count + 1)
    area_marked = np.bincount(marked.ravel(), minlength=marked_count + 1)
    same = np.zeros((true_count, marked_count), dtype=np.bool_)
    same[t - 1, m - 1] = both / (area_true[t] + area_marked[m] - both) > FOUND_FROM_IOU
    return same
