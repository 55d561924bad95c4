"""The folder that a training writes to: it holds one training, with one recipe. Needs no torch."""

from __future__ import annotations

from pathlib import Path

from engines.data.dataset import Dataset
from engines.data.split import Split, write_split
from engines.errors import TrainingFolderError
from engines.files.looking import is_file, is_there
from engines.files.writing import output_folder, write_text
from engines.files.yaml_text import read_yaml
from engines.training.read_recipe import difference, recipe_text
from engines.training.recipe import Recipe

RESULTS = ("last.ckpt", "best.ckpt", "weights.safetensors", "metrics.csv")


def begin_folder(out: Path, recipe: Recipe, dataset: Dataset, split: Split, resume: bool) -> None:
    """Make `out` ready and write `recipe.yaml` and `split.csv`, or with `resume` check that they are the same.

    Raises TrainingFolderError where there is a training already, or nothing to resume, or it had another recipe; FileError where it
    cannot be written, or its recipe cannot be read.
    """
    last, noted = out / "last.ckpt", out / "recipe.yaml"
    if resume:
        if not (is_file(last) and is_file(noted)):
            raise TrainingFolderError(out, "holds no training to resume", "nothing")
        if changed := difference(read_yaml(noted), recipe):
            raise TrainingFolderError(noted, changed, "other recipe")
        return
    if found := next((name for name in RESULTS if is_there(out / name)), None):
        raise TrainingFolderError(out, f"holds a training already ({found})", "training")
    output_folder(out)
    write_text(noted, recipe_text(recipe))
    write_split(split, dataset, out / "split.csv")
