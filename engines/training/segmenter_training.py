"""Training of a segmenter: crops, masks, and Dice on whole frames."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from engines.training.losses import bce_dice_loss, class_probabilities, pixel_cross_entropy, tversky_loss
from engines.training.module import NetworkTraining, TensorBatch
from engines.training.recipe import Phase, Recipe


class SegmenterTraining(NetworkTraining):
    """Trains a segmenter; validates on whole frames, one at a time.

    Figures: `dice_CLASS`, the Dice of the pixels of all frames taken together at probability 0.5 (softmax: the most
    probable), false marks on clean frames included; `dice`, the mean over the classes that occur.
    """

    best_figure = "dice"

    def __init__(self, recipe: Recipe, classes: tuple[str, ...], identity: dict[str, str], out: Path) -> None:
        super().__init__(recipe, classes, identity, out)
        self._counts = torch.zeros(3, len(classes), dtype=torch.float64)
        self._validation_loss = torch.zeros(2, dtype=torch.float64)

    def step_loss(self, batch: TensorBatch, phase: Phase) -> Tensor:
        return self._loss(self.network(self.normalised(batch)), self.planes(batch), phase)

    def on_validation_epoch_start(self) -> None:
        self._counts.zero_()
        self._validation_loss.zero_()

    def validation_step(self, batch: TensorBatch, batch_idx: int) -> None:
        logits, planes = self.trained(self.normalised(batch)), self.planes(batch)
        found = _decided(logits.float(), len(self.classes), self.recipe.network.activation)
        counts = [(found * planes).sum(dim=(0, 2, 3)), found.sum(dim=(0, 2, 3)), planes.sum(dim=(0, 2, 3))]
        self._counts += torch.stack(counts).cpu()
        self._validation_loss += torch.tensor([self._loss(logits, planes, self.phase).item(), 1.0])

    def figures_of_epoch(self) -> dict[str, float]:
        common, found, true = self.total(self._counts)
        loss, count = self.total(self._validation_loss)
        figures = {"validation_loss": float(loss / count)}
        dice = 2 * common / (found + true).clamp(min=1)
        figures["dice"] = float(dice[true > 0].mean()) if (true > 0).any() else float("nan")
        return figures | {f"dice_{name}": float(dice[k]) for k, name in enumerate(self.classes) if true[k]}

    def _loss(self, logits: Tensor, planes: Tensor, phase: Phase) -> Tensor:
        activation = self.recipe.network.activation
        if phase.loss == "tversky":
            return tversky_loss(class_probabilities(logits, planes.shape[1], activation), planes, phase.alpha)
        if phase.loss == "bce_dice":
            return bce_dice_loss(logits, planes, activation, phase.least_share)
        return pixel_cross_entropy(logits, planes, activation, phase.least_share)


def _decided(logits: Tensor, classes: int, activation: str) -> Tensor:
    if activation == "sigmoid":
        return (logits >= 0).float()
    best = logits.argmax(dim=1, keepdim=True)
    return (best == torch.arange(classes, device=logits.device).view(1, -1, 1, 1)).float()
