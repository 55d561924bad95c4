"""What a gate and a segmenter are judged by. Masks are uint8 class bitmasks `[N, H, W]`."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Masks = NDArray[np.uint8]


def area_under_roc(scores: NDArray[np.float32], defective: NDArray[np.bool_]) -> float:
    """Probability that a defective frame scores higher than a clean one (Mann and Whitney, 1947); ties count half."""
    positive, negative = scores[defective][:, None], scores[~defective][None, :]
    if not positive.size or not negative.size:
        return float("nan")
    return float((positive > negative).mean() + 0.5 * (positive == negative).mean())


def frame_dice(found: Masks, truth: Masks, k: int) -> NDArray[np.float64]:
    """Dice of class k on each frame, `[N]`; 1 where both masks are empty, as the Kaggle contest counts it."""
    a, b = (found >> k) & 1, (truth >> k) & 1
    common = (a & b).sum(axis=(1, 2), dtype=np.int64)
    total = a.sum(axis=(1, 2), dtype=np.int64) + b.sum(axis=(1, 2), dtype=np.int64)
    return np.where(total == 0, 1.0, 2.0 * common / np.maximum(total, 1))


def kaggle_mean_dice(found: Masks, truth: Masks, classes: int) -> float:
    """Mean over frames and classes. An empty answer everywhere scores high: print that value beside this one."""
    return float(np.mean([frame_dice(found, truth, k).mean() for k in range(classes)]))


def positive_dice(found: Masks, truth: Masks, k: int) -> tuple[float, int]:
    """Mean Dice of class k over the frames that hold it, and how many those are; NaN without any."""
    holds = ((truth >> k) & 1).any(axis=(1, 2))
    if not holds.any():
        return float("nan"), 0
    return float(frame_dice(found, truth, k)[holds].mean()), int(holds.sum())


def pixel_dice(found: Masks, truth: Masks, classes: int) -> float:
    """Dice over all pixels and classes of the defective frames taken together; a pixel counts in its class only."""
    defective = truth.any(axis=(1, 2))
    common = total = 0
    for k in range(classes):
        a, b = (found[defective] >> k) & 1, (truth[defective] >> k) & 1
        common += int((a & b).sum(dtype=np.int64))
        total += int(a.sum(dtype=np.int64) + b.sum(dtype=np.int64))
    return 2.0 * common / total if total else float("nan")


def drop_small(mask: NDArray[np.uint8], areas_px: tuple[int, ...]) -> NDArray[np.uint8]:
    """The bitmask `[H, W]` without the connected regions of class k that have fewer than `areas_px[k]` pixels."""
    kept = np.zeros_like(mask)
    for k, area_px in enumerate(areas_px):
        plane = (mask >> k) & 1
        if plane.any():
            _, regions, stats, _ = cv2.connectedComponentsWithStats(plane)
            large = stats[:, cv2.CC_STAT_AREA] >= area_px
            large[0] = False
            kept |= large[regions].astype(np.uint8) << k
    return kept
