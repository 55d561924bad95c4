"""Losses against values computed by hand."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch", reason="needs the training extra")

from engines.training.losses import bce_dice_loss, dice_loss, gate_loss  # noqa: E402


def test_dice_counts_only_classes_that_are_present() -> None:
    logits = torch.zeros(1, 2, 2, 2)
    targets = torch.zeros(1, 2, 2, 2)
    targets[0, 0, 0] = 1.0
    # Class 0: common 0.5 * 2, total 4 * 0.5 + 2; class 1 is absent.
    assert dice_loss(logits, targets).item() == pytest.approx(1 - (2 * 1 + 1) / (4 + 1))


def test_dice_of_an_empty_batch_is_zero() -> None:
    assert dice_loss(torch.zeros(1, 2, 2, 2), torch.zeros(1, 2, 2, 2)).item() == 0.0


def test_bce_and_dice_add_up() -> None:
    logits, targets = torch.zeros(1, 1, 1, 2), torch.tensor([[[[1.0, 0.0]]]])
    assert bce_dice_loss(logits, targets).item() == pytest.approx(math.log(2) + 1 - (1 + 1) / (2 + 1))


def test_the_gate_ignores_cells_of_frames_nobody_located() -> None:
    masks = torch.zeros(2, 1, 4, 4)
    cells = torch.zeros(2, 1, 2, 2)
    cells[1] = 50.0
    logits, defective = torch.zeros(2), torch.tensor([0.0, 1.0])
    loss = gate_loss(logits, cells, defective, masks, torch.tensor([1.0, 0.0]))
    assert loss.item() == pytest.approx(math.log(2) + 4 * math.log(2), rel=1e-5)
