"""The model card of the demo bundle: what it was made from, how good it is, and where it fails."""

from __future__ import annotations

from typing import Any

from engines.export.figures_table import figures_table
from engines.operating_point import OperatingPoint
from engines.training.demo_recipe import Recipe, Stage

_HEAD = """# Model card: {name} {version}

A small gate and a small segmenter for grey steel-strip frames of {height}x{width} px, to show the inspection line at work on
a machine without a GPU. **Not fit for inspecting real steel**: it has seen {real} real frames.

Classes (bit k of a mask): {classes}.

## Networks
Both work on the frame at half resolution, which the graph itself makes, and begin with the first {stages} stages of
EfficientNet-Lite0. The gate reads average, maximum and per-class cell logits; the segmenter is a U-Net with a slim depthwise
decoder that answers at half resolution. Weights are float16.

## Data
- Severstal: Steel Defect Detection (Kaggle, PAO Severstal; research use without restriction): {real_train} labelled frames
  for training, {real_held} held out, stratified by classes; re-encoded copies are among the training frames only. The held-out frames
  are {held_names}.
- Simulated sheets of this project (`inspector simulate`): {simulated_train} for training, {simulated_held} held out.
- Encoder start: {start}.

## Recipe
`configs/training/demo.yaml`, seed {seed}, two single-threaded processes side by side, bfloat16 autocast, AdamW, one-cycle
cosine schedule, exponential average of the weights.
- Segmenter: {segmenter}; crops of full height; cross-entropy plus Dice.
- Gate: {gate}; whole frames, a third of them put together from strips of two frames, some clean ones with a
  pasted defect; cross-entropy of the frame plus that of its cells.

## Operating point
Gate threshold {gate_threshold}; masks: {mask_thresholds}. Chosen on the same held-out frames that the figures below are from, so
these figures are a little too good.
"""

_WEAKNESSES = """
## Known weaknesses
- Real frames: {real_held} held-out frames are too few to promise anything. With {missed} of {defective} defective frames missed, the true miss rate
  is below {bound:.0%} with 95 % confidence, and no better statement is possible.
- Rare classes: inclusion has been seen on {rare} real frames in training; expect little there.
- Clean sheets with glare, scale, water stains, chalk or tread plate are passed on to the segmenter too often, and some are marked.
- Figures on simulated sheets flatter: training sheets come from the same simulator.
- Other cameras, other geometry, other steel: train again.
"""


def write_card(
    recipe: Recipe,
    point: OperatingPoint,
    figures: dict[str, dict[str, Any]],
    data: dict[str, Any],
    size: tuple[int, int],
    agreement: str,
    notes: str,
) -> str:
    """The card as Markdown. `data` counts the samples (see `engines.export.demo_bundle`)."""
    gate = figures["real"]["gate"]
    head = _HEAD.format(
        name=recipe.name,
        version=recipe.version,
        height=size[0],
        width=size[1],
        classes=", ".join(f"{k} {name}" for k, name in enumerate(recipe.classes)),
        real=data["real_training"],
        stages=recipe.stages,
        real_train=data["real_training"],
        real_held=data["real_validation"],
        held_names=", ".join(data["held_out"]),
        simulated_train=data["simulated_training"],
        simulated_held=data["simulated_validation"],
        start=data["start"],
        seed=recipe.seed,
        segmenter=_stage(recipe.segmenter),
        gate=_stage(recipe.gate),
        gate_threshold=point.gate_threshold,
        mask_thresholds=", ".join(
            f"{name} {point.mask_thresholds[name]:g} from {point.minimum_area_px[name]} px on"
            for name in recipe.classes
        ),
    )
    weaknesses = _WEAKNESSES.format(
        real_held=data["real_validation"],
        missed=gate["missed"],
        defective=gate["defective"],
        bound=gate["miss_rate_at_most_95_percent_sure"],
        rare=data["rare_real"],
    )
    return head + "\n## Figures on held-out frames\n" + figures_table(figures) + f"\n{agreement}\n" + weaknesses + notes


def _stage(stage: Stage) -> str:
    return (
        f"{stage.steps} steps of {stage.batch}, peak learning rate {stage.learning_rate:g}, "
        f"{stage.real_share:.0%} real frames"
    )
