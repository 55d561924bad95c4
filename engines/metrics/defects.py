"""Matches predicted defects with labelled ones: which were found and which are false. It measures nothing in mm; the line
does that where it judges a frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.metrics.quotient import Quotient
from engines.metrics.regions import ClassRegions, Counts, Mask, class_regions

FOUND_FROM_IOU = 0.1
"""A true and a marked region are the same defect above this intersection over union."""


@dataclass(frozen=True, slots=True)
class Touching:
    """The P pairs of a true and a marked region of one class that share a pixel; ``[P]`` each."""

    true: Counts
    """Number of the true region, from 1."""
    marked: Counts
    """Number of the marked region, from 1."""
    both_px: Counts
    """Pixels that the two share."""
    same: NDArray[np.bool_]
    """Whether the two are the same defect: their IoU is above ``FOUND_FROM_IOU``."""


def match_regions(true: ClassRegions, marked: ClassRegions) -> Touching:
    """Match the true with the marked regions of one class on one frame.

    IoU of two regions is |A and B| / |A or B| (Jaccard 1901). A region may be in several pairs. Only pairs that touch are made: a
    table of all pairs would be large where a mask is full of specks.
    """
    if true.labels is None or marked.labels is None:
        none = np.zeros(0, np.int64)
        return Touching(none, none, none, np.zeros(0, np.bool_))
    touching = (true.labels > 0) & (marked.labels > 0)
    width = marked.count + 1
    pairs, both = np.unique(
        true.labels[touching].astype(np.int64) * width + marked.labels[touching], return_counts=True
    )
    t, m = np.divmod(pairs, width)
    iou = both / (true.areas_px[t] + marked.areas_px[m] - both)
    return Touching(t, m, both.astype(np.int64), iou > FOUND_FROM_IOU)


class DefectCounts:
    """Per class: true defects and how many were found; marked defects and how many are false.

    A defect is an 8-connected region of one class. A true one is found where a marked one of its class is the same defect
    (IoU > 0.1), a marked one is false where it is the same as no true one of its class. Every true region counts, however small:
    one below the operating point's minimum area can only be missed.
    """

    def __init__(self, class_count: int) -> None:
        self.frames = 0
        self.true = [0] * class_count
        self.found = [0] * class_count
        self.marked = [0] * class_count
        self.false = [0] * class_count

    def add(self, marked: Mask | None, true: Mask | None) -> None:
        """Count one frame from two bitmasks ``uint8 [H, W]``; None stands for an empty mask."""
        self.frames += 1
        for k in range(len(self.true)):
            marked_regions, true_regions = class_regions(marked, k), class_regions(true, k)
            pairs = match_regions(true_regions, marked_regions)
            self.true[k] += true_regions.count
            self.marked[k] += marked_regions.count
            self.found[k] += np.unique(pairs.true[pairs.same]).size
            self.false[k] += marked_regions.count - np.unique(pairs.marked[pairs.same]).size

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
