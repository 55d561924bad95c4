"""Cross-fitting: where frames are too few to hold any out, each fold is measured with a fold model that has not learnt from it.

A fold model is a bundle trained by the same recipes on all folds but one. Put together, every frame is judged by networks that
never saw it, and the bundle itself may learn from them all (cross-conformal prediction: Vovk, 2015). The figures are those of the
recipe; they hold for the bundle as far as it answers as the fold models do.
"""

from __future__ import annotations

from pathlib import Path

from calibration.thresholds.on_bundle import BundleOnPart, require_fit
from engines.bundle import read_bundle
from engines.data.dataset import Dataset
from engines.data.part import choose_part
from engines.data.split import FOLD, Split
from engines.files.looking import is_folder
from inspector.errors import UserError


def read_fold_models(folder: Path, dataset: Dataset, split: Split | None) -> tuple[BundleOnPart, ...]:
    """The fold models ``folder/fold-0``, ``folder/fold-1``... each with the fold that it has not learnt from.

    Raises UserError where the split has no folds or a fold has no bundle, DataError where a bundle may know its fold or does not fit the
    data, BundleError for a damaged one.
    """
    if split is None:
        raise UserError(
            f"--folds {folder}: which frames are in which fold? Give the split file of the trainings with --split"
        )
    names = split.folds
    if len(names) < 2:
        raise UserError(
            f"--split: has the parts {', '.join(split.parts)}, but no folds; make some with `inspector data split --folds 5`"
        )
    runs = []
    for name in names:
        if not is_folder(folder / name):
            raise UserError(
                f"{folder / name}: no such bundle; every fold needs one: `inspector train --fold {name.removeprefix(FOLD)}` for both "
                f"networks, then `inspector bundle build --part {name} --out {folder / name}`"
            )
        run = BundleOnPart(read_bundle(folder / name), choose_part(dataset, split, name))
        require_fit(run)
        runs.append(run)
    return tuple(runs)
