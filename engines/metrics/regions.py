"""Labels the connected regions of one class on a mask, to count and match defects in evaluation. The line's code
for regions is separate: it also measures them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
"""Class bitmask ``uint8 [H, W]``: bit k of a pixel is set where it belongs to class k."""
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ClassRegions:
    """The 8-connected regions of one class on one mask."""

    labels: NDArray[np.int32] | None
    """``int32 [H, W]``: 0, or the number of the region from 1; None where the class has no pixel."""
    areas_px: Counts
    """``int64 [n + 1]``: pixels of each region by its number; entry 0 is no region, and always 0."""

    @property
    def count(self) -> int:
        """n, the number of regions."""
        return self.areas_px.size - 1


def class_regions(mask: Mask | None, k: int) -> ClassRegions:
    """The regions of class ``k``; None stands for an empty mask."""
    plane = None if mask is None else mask & np.uint8(1 << k)
    if plane is None or not plane.any():
        return ClassRegions(None, np.zeros(1, np.int64))
    count, labels = cv2.connectedComponents(plane, connectivity=8, ltype=cv2.CV_32S)
    areas = np.bincount(labels.ravel(), minlength=count).astype(np.int64)
    areas[0] = 0
    return ClassRegions(np.asarray(labels, np.int32), areas)


def without_small_regions(mask: Mask, minimum_area_px: Sequence[int]) -> Mask:
    """``mask`` with only those regions of each class that have at least its ``minimum_area_px``: those that the line calls defects.

    The same array where nothing is too small. Raises ValueError where a bit beyond the classes is set.
    """
    highest = int(np.bitwise_or.reduce(mask, axis=None))
    if highest >> len(minimum_area_px):
        raise ValueError(f"the mask holds the value {highest}, a class beyond the {len(minimum_area_px)} there are")
    kept = mask
    for k, minimum in enumerate(minimum_area_px):
        regions = class_regions(mask, k) if highest >> k & 1 else None
        if regions is None or regions.labels is None:
            continue
        small = regions.areas_px < minimum
        small[0] = False
        if small.any():
            kept = mask.copy() if kept is mask else kept
            kept[small[regions.labels]] &= ~np.uint8(1 << k)
    return kept
