"""The recipe of the demo bundle: every number that shapes it, typed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import yaml
from msgspec import Meta

Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=1)]


class Stage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One network's training."""

    steps: Count
    batch: Count
    learning_rate: Annotated[float, Meta(gt=0)]
    """Peak of a one-cycle cosine schedule."""
    warmup_steps: Annotated[int, Meta(ge=0)]
    weight_decay: Annotated[float, Meta(ge=0)]
    averaging: Annotated[float, Meta(ge=0, lt=1)]
    """Decay of the exponential moving average of the weights, which is what is exported."""
    real_share: Share
    """Share of real frames in a batch; the rest are simulated."""
    group_shares: tuple[Share, ...]
    """Shares of clean sheets and of each class; must add up to 1."""


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`configs/training/*.yaml`."""

    name: str
    version: str
    classes: Annotated[tuple[str, ...], Meta(min_length=1, max_length=8)]
    seed: int
    validation_fraction: Share
    """Share of the labelled real frames held out."""
    simulated_validation: Count
    """How many of the simulated frames, the last ones, are held out."""
    crop_width: Count
    """Width of the segmenter's crops at half resolution, px; a multiple of 16."""
    stages: Annotated[int, Meta(ge=2, le=7)]
    """Stages of the EfficientNet-Lite0 encoder."""
    segmenter: Stage
    gate: Stage
    recall: Share
    """Share of defective validation frames the gate's threshold must let through."""
    golden_frames: Count


def read_recipe(path: Path) -> Recipe:
    """Read and check a recipe. Raises ValueError naming file and key."""
    try:
        recipe = msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), Recipe)
    except (msgspec.ValidationError, yaml.YAMLError) as error:
        raise ValueError(f"{path}: {error}") from None
    for name, stage in (("segmenter", recipe.segmenter), ("gate", recipe.gate)):
        if len(stage.group_shares) != len(recipe.classes) + 1 or abs(sum(stage.group_shares) - 1) > 1e-6:
            raise ValueError(
                f"{path}: {name}.group_shares: found {list(stage.group_shares)}, expected "
                f"{len(recipe.classes) + 1} shares (clean, then each class) that add up to 1"
            )
    return recipe
