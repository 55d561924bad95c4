"""The folder a training writes to: never two trainings in one, and never half of another's recipe. Needs no torch."""

from __future__ import annotations

from pathlib import Path

from engines.data.dataset import Dataset
from engines.data.split import Split, write_split
from engines.errors import RecipeError
from engines.training.read_recipe import difference, recipe_text
from engines.training.recipe import Recipe

RESULTS = ("last.ckpt", "best.ckpt", "weights.pt", "metrics.csv")


def begin_folder(out: Path, recipe: Recipe, dataset: Dataset, split: Split, resume: bool) -> None:
    """Make `out` ready and write `recipe.yaml` and `split.csv`, or with `resume` check that they are the same.

    Raises RecipeError where there is a training already, or nothing to resume, or it had another recipe.
    """
    last, noted = out / "last.ckpt", out / "recipe.yaml"
    if resume:
        if not (last.is_file() and noted.is_file()):
            raise RecipeError(f"{out}: holds no training to resume; leave out --resume to begin one")
        if changed := difference(noted.read_text(encoding="utf-8"), recipe):
            raise RecipeError(f"{noted}: {changed}; resume with the recipe it began with, or choose another --out")
        return
    if found := next((name for name in RESULTS if (out / name).exists()), None):
        raise RecipeError(
            f"{out}: holds a training already ({found}); --resume goes on with it, or choose another --out"
        )
    out.mkdir(parents=True, exist_ok=True)
    noted.write_text(recipe_text(recipe), encoding="utf-8")
    write_split(split, dataset, out / "split.csv")
