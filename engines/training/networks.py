"""Trains the two networks of a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from engines.networks.gate import Gate
from engines.networks.lite0 import Lite0Encoder, load_published_weights
from engines.networks.segmenter import Segmenter
from engines.training.batches import Mixture, Pool, crop_batch, frame_batch
from engines.training.demo_recipe import Recipe, Stage
from engines.training.loop import train
from engines.training.losses import bce_dice_loss, gate_loss
from engines.training.samples import Sample


def train_segmenter(recipe: Recipe, samples: Sequence[Sample], published: Path | None, folder: Path) -> Segmenter:
    """The segmenter, trained on crops; its encoder starts from `published` ImageNet weights if given."""
    torch.manual_seed(recipe.seed)
    network = Segmenter(len(recipe.classes), recipe.stages)
    _start_from(network.encoder, published)
    mixture = _mixture(recipe, recipe.segmenter, samples)

    def step_loss(network: nn.Module, rng: np.random.Generator) -> Tensor:
        frames, masks = crop_batch(mixture, recipe.segmenter.batch, recipe.crop_width, rng)
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(frames.to(memory_format=torch.channels_last))
        return bce_dice_loss(logits, masks)

    trained = train(network, step_loss, recipe.segmenter, recipe.seed + 1, folder / "segmenter.pt")
    assert isinstance(trained, Segmenter)
    return trained


def train_gate(recipe: Recipe, samples: Sequence[Sample], published: Path | None, folder: Path) -> Gate:
    """The gate, trained on whole frames; its encoder starts from `published` ImageNet weights if given."""
    torch.manual_seed(recipe.seed)
    network = Gate(len(recipe.classes), recipe.stages)
    _start_from(network.encoder, published)
    mixture = _mixture(recipe, recipe.gate, samples)

    def step_loss(network: nn.Module, rng: np.random.Generator) -> Tensor:
        frames, masks, defective, located = frame_batch(mixture, recipe.gate.batch, rng)
        with torch.autocast("cpu", torch.bfloat16):
            logits, cells = network(frames.to(memory_format=torch.channels_last))
        return gate_loss(logits, cells, defective, masks, located)

    trained = train(network, step_loss, recipe.gate, recipe.seed + 2, folder / "gate.pt")
    assert isinstance(trained, Gate)
    return trained


def _start_from(encoder: Lite0Encoder, published: Path | None) -> None:
    if published is not None:
        load_published_weights(encoder, published)


def _mixture(recipe: Recipe, stage: Stage, samples: Sequence[Sample]) -> Mixture:
    classes = len(recipe.classes)
    return Mixture(
        Pool.of(samples, "real", classes),
        Pool.of(samples, "simulated", classes),
        classes,
        stage.real_share,
        stage.group_shares,
    )
