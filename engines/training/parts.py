"""Which frames train and which validate, and whether a recipe fits them. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

from engines.data.dataset import Dataset, LabelledFrame
from engines.data.split import TRAINING, Split
from engines.errors import DataError, NoTrainingPartError, RecipeError
from engines.training.recipe import Recipe


@dataclass(frozen=True)
class Parts:
    """The frames of a split that a training uses; it never sees the others, such as those for calibration."""

    training: tuple[LabelledFrame, ...]
    validation: tuple[LabelledFrame, ...]
    trained_on: tuple[str, ...]
    """Names of the parts of the split that the training frames come from."""


def choose_parts(dataset: Dataset, split: Split, fold: int | None = None) -> Parts:
    """The parts `training` and `validation`; with `fold`, that fold validates, all other folds (and `training`) train.

    Raises DataError where the split has no such part.
    """
    if fold is None:
        if TRAINING not in split.parts:
            raise NoTrainingPartError(tuple(split.parts), TRAINING)
        held_out = ["validation"] if "validation" in split.parts else []
        return Parts(split.frames(dataset, TRAINING), split.frames(dataset, *held_out), (TRAINING,))
    chosen = f"fold-{fold}"
    if chosen not in split.parts:
        raise DataError(f"fold {fold}: the split has the parts {', '.join(split.parts)}, but no {chosen}")
    others = [part for part in split.parts if part == TRAINING or (part.startswith("fold-") and part != chosen)]
    return Parts(split.frames(dataset, *others), split.frames(dataset, chosen), tuple(others))


def check_fit(recipe: Recipe, dataset: Dataset, like: Dataset | None = None) -> None:
    """Raise RecipeError or DataError where frames are too small, or extra data are not `like` the data."""
    height, width = dataset.height, dataset.width
    if height % recipe.scale or width % recipe.scale:
        raise RecipeError(
            f"scale: found {recipe.scale}, but frames of {dataset.name} are {height}x{width} px; expected even sides"
        )
    for rows, columns in recipe.batches.crops:
        if rows > height // recipe.scale or columns > width // recipe.scale:
            raise RecipeError(
                f"batches.crops: found {rows}x{columns} px, but the network sees frames of {dataset.name} at "
                f"{height // recipe.scale}x{width // recipe.scale} px; expected smaller crops, or [] for whole frames"
            )
    if like is not None and (dataset.classes != like.classes or (height, width) != (like.height, like.width)):
        raise DataError(
            f"{dataset.name}: has {height}x{width} px and the classes {', '.join(dataset.classes)}; expected "
            f"{like.height}x{like.width} px and {', '.join(like.classes)} as {like.name}"
        )
