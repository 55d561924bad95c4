"""Mask threshold and minimum area of each class, chosen together on held-out frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.training.metrics import drop_small, frame_dice

Masks = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class MaskChoice:
    """What was chosen for one class."""

    threshold: float
    minimum_area_px: int
    dice: float
    """Mean over groups of frames of the Kaggle Dice of this class."""


def choose_mask_thresholds(
    segment: Callable[[float], Masks],
    truth: Masks,
    groups: Sequence[NDArray[np.bool_]],
    classes: int,
    thresholds: Sequence[float],
    areas_px: Sequence[int],
) -> list[MaskChoice]:
    """For each class, the pair with the largest mean Dice; a frame with nothing to find and nothing found counts 1.

    `segment` gives the bitmasks `[N, H, W]` of all frames at a threshold; `groups` are selections `[N]` of frames (for
    example one per origin) that weigh the same, however many frames they hold.
    """
    best: list[MaskChoice | None] = [None] * classes
    for threshold in thresholds:
        found = segment(threshold)
        for area_px in areas_px:
            kept = np.stack([drop_small(mask, (area_px,) * classes) for mask in found])
            for k in range(classes):
                each = frame_dice(kept, truth, k)
                dice = float(np.mean([each[group].mean() for group in groups]))
                previous = best[k]
                if previous is None or dice > previous.dice:
                    best[k] = MaskChoice(threshold, area_px, dice)
    return [choice for choice in best if choice is not None]
