"""Training of a gate: whole frames, one label each, and the area under ROC."""

from __future__ import annotations

import math
from pathlib import Path

import engines.networks.torchvision_guard  # noqa: F401, before torchmetrics

# isort: split
import torch
from torch import Tensor
from torch.nn import functional
from torchmetrics.functional.classification import binary_auroc

from engines.training.losses import cell_loss, frame_loss, presence_loss
from engines.training.module import NetworkTraining, TensorBatch
from engines.training.recipe import Phase, Recipe


class GateTraining(NetworkTraining):
    """Trains a gate on `frames` validation frames.

    Figures: `auc`, the area under ROC; `recall` and `clean_passed_on`, the shares of defective and of clean frames
    that score 0.5 or more.
    """

    best_figure = "auc"

    def __init__(
        self, recipe: Recipe, classes: tuple[str, ...], identity: dict[str, str], out: Path, frames: int
    ) -> None:
        super().__init__(recipe, classes, identity, out)
        self._answers = torch.zeros(3, frames, dtype=torch.float64)
        """Logit, label and whether answered, of each validation frame: summed over ranks, each has answered its own."""

    def step_loss(self, batch: TensorBatch, phase: Phase) -> Tensor:
        answer = self.network(self.normalised(batch))
        defective = batch["defective"].float()
        if not isinstance(answer, tuple):
            return frame_loss(answer, defective, phase.smoothing)
        logits, cells, presence = answer
        masks, located = self.planes(batch), batch["located"].float()
        loss = frame_loss(logits, defective, phase.smoothing)
        loss = loss + phase.cell_weight * cell_loss(cells, masks, located, phase.least_share)
        return loss + phase.presence_weight * presence_loss(presence, masks, located)

    def on_validation_epoch_start(self) -> None:
        self._answers.zero_()

    def validation_step(self, batch: TensorBatch, batch_idx: int) -> None:
        answer = self.trained(self.normalised(batch))
        logits = (answer[0] if isinstance(answer, tuple) else answer).double().cpu()
        answers = torch.stack([logits, batch["defective"].double().cpu(), torch.ones_like(logits)])
        self._answers[:, batch["number"].cpu()] = answers

    def figures_of_epoch(self) -> dict[str, float]:
        logits, labels, answered = self.total(self._answers)
        logits, labels = logits[answered > 0], labels[answered > 0]
        loss = functional.binary_cross_entropy_with_logits(logits, labels)
        both = 0 < labels.sum() < len(labels)
        return {
            "validation_loss": float(loss),
            "auc": float(binary_auroc(logits, labels.long())) if both else math.nan,
            "recall": float((logits[labels > 0.5] >= 0).double().mean()),
            "clean_passed_on": float((logits[labels <= 0.5] >= 0).double().mean()),
        }
