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
SEGMENTER = ("batches.crops=[[32, 48], [32, 64]]", "phases.0.epochs=1", "phases.1.epochs=1")
GATE = ("phases.0.epochs=2",)


def short_task(name: str, data: Path, out: Path, *changes: str) -> Task:
    """A training of a named recipe: two epochs of two steps, on the labelled frames of `data`."""
    sizes = SEGMENTER if name.startswith("segmenter") else GATE
    recipe = read_recipe(CONFIGS / f"{name}.yaml", (*sizes, "steps_per_epoch=2", SPLIT, *changes))
    dataset = open_dataset(data)
    split = make_split(dataset, recipe.split, recipe.seed)
    return Task(recipe, CONFIGS, dataset, split, choose_parts(dataset, split), out)
