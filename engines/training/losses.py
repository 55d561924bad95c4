"""Losses of the segmenter and the gate. All compute in float32."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

Activation = Literal["sigmoid", "softmax"]


def soft_dice_loss(probabilities: Tensor, targets: Tensor, smooth: float = 1.0) -> Tensor:
    """1 - soft Dice, the mean over the classes present in the batch (Milletari et al., 2016).

    Both `[N, K, H, W]`; each class is counted over the whole batch, because most crops hold none of most classes and
    a Dice of an empty mask says nothing.
    """
    common = (probabilities * targets).sum(dim=(0, 2, 3))
    total = (probabilities + targets).sum(dim=(0, 2, 3))
    present = (targets.sum(dim=(0, 2, 3)) > 0).float()
    per_class = 1.0 - (2.0 * common + smooth) / (total + smooth)
    return (per_class * present).sum() / present.sum().clamp(min=1.0)


def tversky_loss(probabilities: Tensor, targets: Tensor, alpha: float, smooth: float = 1.0) -> Tensor:
    """1 - TP / (TP + alpha FN + (1 - alpha) FP), the mean over all classes (Salehi et al., 2017).

    Both `[N, K, H, W]`, each class counted over the whole batch, `smooth` added above and below. A class that the batch
    does not show has only false positives, so that an alpha below one half presses them down there too.
    """
    common = (probabilities * targets).sum(dim=(0, 2, 3))
    missed = targets.sum(dim=(0, 2, 3)) - common
    false = probabilities.sum(dim=(0, 2, 3)) - common
    return (1.0 - (common + smooth) / (common + alpha * missed + (1.0 - alpha) * false + smooth)).mean()


def class_probabilities(logits: Tensor, classes: int, activation: Activation) -> Tensor:
    """Probabilities `[N, K, H, W]` of the classes, of logits `[N, K, H, W]`, or `[N, K + 1, H, W]` with softmax."""
    logits = logits.float()
    return logits.sigmoid() if activation == "sigmoid" else logits.softmax(dim=1)[:, :classes]


MOST_WEIGHT = 20.0
"""Largest weight of a pixel of a rare class: without a limit, a few such pixels would dominate the loss of a batch."""


def pixel_cross_entropy(logits: Tensor, targets: Tensor, activation: Activation, least_share: float = 0.0) -> Tensor:
    """Mean cross-entropy of the pixels: of K decisions each, or (softmax) of one among the classes and none of them.

    Targets `[N, K, H, W]`. With sigmoid the pixels of a class that covers less than `least_share` of the batch weigh as if they
    covered that (up to 20 times as much): a few small defects among clean pixels are otherwise not learnt. With softmax a
    pixel of two classes counts as the first of them.
    """
    logits = logits.float()
    if activation == "sigmoid":
        covered = targets.mean(dim=(0, 2, 3), keepdim=True).clamp(min=1e-9)
        weights = (least_share / covered).clamp(1.0, MOST_WEIGHT)
        return functional.binary_cross_entropy_with_logits(logits, targets, weight=1.0 + (weights - 1.0) * targets)
    none = torch.full_like(targets[:, :1], 0.5)
    return functional.cross_entropy(logits, torch.cat([targets, none], dim=1).argmax(dim=1))


def bce_dice_loss(
    logits: Tensor, targets: Tensor, activation: Activation = "sigmoid", least_share: float = 0.0
) -> Tensor:
    """Cross-entropy of the pixels plus 1 - Dice, in equal parts."""
    probabilities = class_probabilities(logits, targets.shape[1], activation)
    return pixel_cross_entropy(logits, targets, activation, least_share) + soft_dice_loss(probabilities, targets)


def frame_loss(logits: Tensor, defective: Tensor, smoothing: float) -> Tensor:
    """Cross-entropy of the frames' logits `[N]`; `defective` is 0 or 1, `[N]`, and smoothed: some labels are wrong."""
    softened = defective * (1.0 - 2.0 * smoothing) + smoothing
    return functional.binary_cross_entropy_with_logits(logits.float(), softened)


def cell_loss(cells: Tensor, masks: Tensor, located: Tensor, least_share: float = 0.0) -> Tensor:
    """Cross-entropy plus 1 - Dice of a gate's cells, of the frames with reliable masks (`located`); 0 without any.

    `cells` are logits `[N, K, h, w]`; a cell holds a class if 3 % of its pixels in `masks` `[N, K, H, W]` do.
    `located` is 0 or 1, `[N]`. `least_share` as in `pixel_cross_entropy`.
    """
    known = located > 0
    if not known.any():
        return cells.sum() * 0.0
    targets = (functional.adaptive_avg_pool2d(masks[known], (cells.shape[-2], cells.shape[-1])) > 0.03).float()
    return bce_dice_loss(cells[known], targets, least_share=least_share)


def presence_loss(presence: Tensor, masks: Tensor, located: Tensor) -> Tensor:
    """Mean cross-entropy of a gate's presence logits `[N, K]`: does the frame show any pixel of the class?

    `masks` `[N, K, H, W]`; only frames with `located` `[N]` count.
    """
    shown = masks.amax(dim=(2, 3))
    each = functional.binary_cross_entropy_with_logits(presence.float(), shown, reduction="none").mean(dim=1)
    return _mean_over(each, located)


def _mean_over(values: Tensor, counted: Tensor) -> Tensor:
    return (values * counted).sum() / counted.sum().clamp(min=1.0)
