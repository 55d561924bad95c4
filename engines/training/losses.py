"""Losses of the segmenter and the gate."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def dice_loss(logits: Tensor, targets: Tensor, smooth: float = 1.0) -> Tensor:
    """1 - soft Dice, the mean over the classes present in the batch (Milletari et al., 2016).

    Both `[N, K, H, W]`; each class is counted over the whole batch, because most crops hold none of most classes and
    a Dice of an empty mask says nothing.
    """
    probabilities = logits.sigmoid()
    common = (probabilities * targets).sum(dim=(0, 2, 3))
    total = (probabilities + targets).sum(dim=(0, 2, 3))
    present = (targets.sum(dim=(0, 2, 3)) > 0).float()
    per_class = 1.0 - (2.0 * common + smooth) / (total + smooth)
    return (per_class * present).sum() / present.sum().clamp(min=1.0)


def bce_dice_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Binary cross-entropy over pixels plus Dice, in equal parts, in float32."""
    logits = logits.float()
    return functional.binary_cross_entropy_with_logits(logits, targets) + dice_loss(logits, targets)


def gate_loss(
    logits: Tensor, cells: Tensor, defective: Tensor, masks: Tensor, located: Tensor, smoothing: float = 0.05
) -> Tensor:
    """Cross-entropy of the frame's logit `[N]`, plus that of its cells where the masks can be believed.

    `cells` are logits `[N, K, h, w]`; a cell holds a class if 3 % of its pixels in `masks` `[N, K, H, W]` do.
    `defective` and `located` are 0 or 1, `[N]`. Labels of whole frames are smoothed: some are wrong.
    """
    softened = defective * (1.0 - 2.0 * smoothing) + smoothing
    frame = functional.binary_cross_entropy_with_logits(logits.float(), softened)
    targets = (functional.adaptive_avg_pool2d(masks, (cells.shape[-2], cells.shape[-1])) > 0.03).float()
    each = functional.binary_cross_entropy_with_logits(cells.float(), targets, reduction="none").mean(dim=(1, 2, 3))
    return frame + 4.0 * (each * located).sum() / located.sum().clamp(min=1.0)
