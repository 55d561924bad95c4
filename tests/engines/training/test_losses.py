"""Losses against values computed by hand."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch", reason="needs the training extra")

from engines.training.losses import (  # noqa: E402
    bce_dice_loss,
    cell_loss,
    class_probabilities,
    frame_loss,
    pixel_cross_entropy,
    presence_loss,
    soft_dice_loss,
    tversky_loss,
)


def test_dice_counts_only_classes_that_are_present() -> None:
    probabilities = torch.full((1, 2, 2, 2), 0.5)
    targets = torch.zeros(1, 2, 2, 2)
    targets[0, 0, 0] = 1.0
    # Class 0: common 0.5 * 2, total 4 * 0.5 + 2; class 1 is absent.
    assert soft_dice_loss(probabilities, targets).item() == pytest.approx(1 - (2 * 1 + 1) / (4 + 1))


def test_dice_of_an_empty_batch_is_zero() -> None:
    assert soft_dice_loss(torch.full((1, 2, 2, 2), 0.5), torch.zeros(1, 2, 2, 2)).item() == 0.0


def test_bce_and_dice_add_up() -> None:
    logits, targets = torch.zeros(1, 1, 1, 2), torch.tensor([[[[1.0, 0.0]]]])
    assert bce_dice_loss(logits, targets).item() == pytest.approx(math.log(2) + 1 - (1 + 1) / (2 + 1))


def test_tversky_weighs_misses_by_alpha_and_false_marks_by_the_rest() -> None:
    probabilities = torch.tensor([[[[0.8, 0.4, 0.3, 0.1]]]])
    targets = torch.tensor([[[[1.0, 1.0, 0.0, 0.0]]]])
    # TP 0.8 + 0.4, FN 0.2 + 0.6, FP 0.3 + 0.1.
    assert tversky_loss(probabilities, targets, 0.3, smooth=0.0).item() == pytest.approx(
        1 - 1.2 / (1.2 + 0.3 * 0.8 + 0.7 * 0.4)
    )
    assert tversky_loss(probabilities, targets, 0.3).item() == pytest.approx(1 - 2.2 / (2.2 + 0.24 + 0.28))


def test_tversky_with_a_half_is_dice_and_presses_down_false_marks_of_absent_classes() -> None:
    probabilities, targets = torch.rand(2, 1, 4, 4), (torch.rand(2, 1, 4, 4) > 0.5).float()
    half = tversky_loss(probabilities, targets, 0.5, smooth=0.5)
    assert half.item() == pytest.approx(soft_dice_loss(probabilities, targets, smooth=1.0).item(), abs=1e-6)
    absent = tversky_loss(torch.full((1, 1, 1, 10), 0.5), torch.zeros(1, 1, 1, 10), 0.3)
    assert absent.item() == pytest.approx(1 - 1 / (0.7 * 5 + 1))


def test_softmax_decides_among_the_classes_and_none() -> None:
    logits = torch.log(torch.tensor([0.5, 0.3, 0.2])).view(1, 3, 1, 1)
    assert class_probabilities(logits, 2, "softmax").flatten().tolist() == pytest.approx([0.5, 0.3])
    first, none = torch.tensor([1.0, 0.0]).view(1, 2, 1, 1), torch.zeros(1, 2, 1, 1)
    both = torch.ones(1, 2, 1, 1)
    losses = [pixel_cross_entropy(logits, targets, "softmax").item() for targets in (first, none, both)]
    assert losses == pytest.approx([-math.log(0.5), -math.log(0.2), -math.log(0.5)])
    dice = 1 - (2 * 0.5 + 1) / (0.5 + 1 + 1)
    assert bce_dice_loss(logits, first, "softmax").item() == pytest.approx(-math.log(0.5) + dice)


def test_cells_and_presence_of_frames_nobody_located_are_ignored() -> None:
    masks = torch.zeros(2, 2, 4, 4)
    masks[0, 1, :2, :2] = 1.0
    cells, presence, located = torch.zeros(2, 2, 2, 2), torch.zeros(2, 2), torch.tensor([1.0, 0.0])
    cells[1], presence[1] = 50.0, 50.0
    dice = 1 - (2 * 0.5 + 1) / (4 * 0.5 + 1 + 1)  # of the class that is there, in one of four cells
    assert cell_loss(cells, masks, located).item() == pytest.approx(math.log(2) + dice, rel=1e-5)
    assert presence_loss(presence, masks, located).item() == pytest.approx(math.log(2), rel=1e-5)
    presence[0] = torch.tensor([-2.0, 2.0])
    assert presence_loss(presence, masks, located).item() == pytest.approx(math.log(1 + math.exp(-2)), rel=1e-5)
    weighted = (7 * math.log(2) + 2 * math.log(2)) / 8  # a quarter of the class's cells weighs as if it were a half
    assert cell_loss(cells, masks, located, least_share=0.5).item() == pytest.approx(weighted + dice, rel=1e-5)
    assert cell_loss(cells, masks, torch.zeros(2)).item() == 0.0


def test_smoothed_labels_cost_the_certain() -> None:
    logits, defective = torch.tensor([3.0, -3.0]), torch.tensor([1.0, 0.0])
    right, wrong = math.log(1 + math.exp(-3)), math.log(1 + math.exp(3))
    assert frame_loss(logits, defective, 0.0).item() == pytest.approx(right, rel=1e-5)
    assert frame_loss(logits, defective, 0.1).item() == pytest.approx(0.9 * right + 0.1 * wrong, rel=1e-5)


def test_rare_pixels_weigh_as_if_they_were_not() -> None:
    targets = torch.zeros(1, 2, 1, 100)
    targets[0, 0, 0, :2] = 1.0
    targets[0, 1, 0, :50] = 1.0
    logits = torch.where(targets > 0, -1.0, 0.0)
    missed, open_ = math.log(1 + math.e), math.log(2)
    plain = (52 * missed + 148 * open_) / 200
    assert pixel_cross_entropy(logits, targets, "sigmoid").item() == pytest.approx(plain, rel=1e-5)
    weighted = (2 * 5 * missed + 50 * missed + 148 * open_) / 200  # 2 % as 10 %; 50 % as they are
    assert pixel_cross_entropy(logits, targets, "sigmoid", 0.1).item() == pytest.approx(weighted, rel=1e-5)
    most = (2 * 20 * missed + 50 * missed + 148 * open_) / 200  # never more than 20 times
    assert pixel_cross_entropy(logits, targets, "sigmoid", 0.5).item() == pytest.approx(most, rel=1e-5)
