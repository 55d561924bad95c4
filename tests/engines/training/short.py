"""Short trainings through the same code as long ones: only sizes and numbers of steps are changed."""

from __future__ import annotations

from pathlib import Path

from engines.data.dataset import open_dataset
from engines.data.split import make_split
from engines.training.parts import choose_parts
from engines.training.read_recipe import read_recipe
from engines.training.train import Hardware, Task

CONFIGS = Path(__file__).parents[3] / "configs" / "training"
CPU = Hardware("cpu", "1", 1, 0)
SPLIT = "split={training: 0.75, validation: 0.25}"
SIZES = {
    "segmenter": ("batches.crops=[[32, 48], [32, 64]]", "phases.0.epochs=1", "phases.1.epochs=1"),
    "gate": ("phases.0.epochs=2",),
    "demo-segmenter": ("batches.crops=[[32, 48]]", "phases.0.epochs=2"),
    "demo-gate": ("phases.0.epochs=2",),
    "demo-neu": ("batches.crops=[[32, 48]]", "phases.0.epochs=2"),
}
"""What a recipe is cut down to, by the beginning of its name."""


def short_task(name: str, data: Path, out: Path, *changes: str) -> Task:
    """A training of a named recipe: two epochs of two steps, on the labelled frames of `data`."""
    sizes = next(changes for start, changes in SIZES.items() if name.startswith(start))
    recipe = read_recipe(CONFIGS / f"{name}.yaml", (*sizes, "steps_per_epoch=2", SPLIT, *changes))
    dataset = open_dataset(data)
    split = make_split(dataset, recipe.split, recipe.seed)
    extra = dataset if recipe.batches.extra_share else None
    return Task(recipe, dataset, split, choose_parts(dataset, split), out, extra)
