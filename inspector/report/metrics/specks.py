"""A mask without the regions that are too small to be defects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inspector.verdicts.regions import find_regions


def without_specks(mask: NDArray[np.uint8], minimum_area_px: Sequence[int]) -> NDArray[np.uint8]:
    """``mask`` (``uint8 [H, W]``, bit k = class k) with only those 8-connected regions of each class that have at least its
    ``minimum_area_px``: exactly what the line makes defects of. The same array where nothing is too small.

    Raises ValueError where a bit beyond the classes is set.
    """
    regions = find_regions(mask, len(minimum_area_px))
    speck = regions.area_px < np.asarray(minimum_area_px)[regions.class_index]
    if not speck.any():
        return mask
    kept = mask.copy()
    region_of_run = np.repeat(np.arange(len(speck)), np.diff(regions.first_run))
    for run in np.flatnonzero(speck[region_of_run]):
        bit = np.uint8(1 << regions.class_index[region_of_run[run]])
        kept[regions.run_y[run], regions.run_x[run] : regions.run_end[run]] &= ~bit
    return kept
