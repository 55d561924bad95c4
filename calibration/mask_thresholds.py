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
    balance: float
    """Mean over groups of frames of `balanced_dice`."""


def choose_mask_thresholds(
    segment: Callable[[float], Masks],
    truth: Masks,
    groups: Sequence[NDArray[np.bool_]],
    classes: int,
    thresholds: Sequence[float],
    areas_px: Sequence[int],
) -> list[MaskChoice]:
    """For each class, the pair with the largest `balanced_dice`.

    `segment` gives the bitmasks `[N, H, W]` of all frames at a threshold; `groups` are selections `[N]` of frames (for
    example one per origin) that weigh the same, however many frames they hold.
    """
    best: list[MaskChoice | None] = [None] * classes
    for threshold in thresholds:
        found = segment(threshold)
        for area_px in areas_px:
            kept = np.stack([drop_small(mask, (area_px,) * classes) for mask in found])
            for k in range(classes):
                balance = float(np.mean([balanced_dice(kept[group], truth[group], k) for group in groups]))
                previous = best[k]
                if previous is None or balance > previous.balance:
                    best[k] = MaskChoice(threshold, area_px, balance)
    return [choice for choice in best if choice is not None]


def balanced_dice(found: Masks, truth: Masks, k: int) -> float:
    """Half the mean Dice of class k where it is, half the share of other frames on which it is not marked.

    The contest's mean over all frames would rather have a rare class never marked at all.
    """
    each = frame_dice(found, truth, k)
    holds = ((truth >> k) & 1).any(axis=(1, 2))
    return float(np.mean([each[part].mean() for part in (holds, ~holds) if part.any()]))
