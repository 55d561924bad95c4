"""Cross-fitting: where frames are too few to hold any out, each fold is answered for by a sister bundle.

A sister is trained by the same recipes on all folds but one, which it answers for. Put together, every frame is judged by
networks that never saw it, and the bundle itself may learn from them all (cross-conformal prediction: Vovk, 2015). What so
comes out is the recipe's figure; the bundle's own is as good if it answers as its sisters do.
"""

from __future__ import annotations

from pathlib import Path

from calibration.thresholds.on_bundle import Part, Trial, choose_part, require_fit
from engines.bundle import read_bundle
from engines.data.dataset import Dataset
from engines.data.split import Split
from engines.errors import DataError

PREFIX = "fold-"


def read_folds(folder: Path, dataset: Dataset, split: Split | None) -> tuple[Trial, ...]:
    """The sister bundles ``folder/fold-0``, ``fold-1``... with the fold that each answers for.

    Raises DataError where the split has no folds, a fold has no bundle or a bundle knows its frames; BundleError for a damaged one.
    """
    if split is None:
        raise DataError(f"{folder}: which frames are in which fold? Give the split file of the trainings with --split")
    names = [name for name in split.parts if name.startswith(PREFIX)]
    if len(names) < 2:
        raise DataError(
            f"split: has the parts {', '.join(split.parts)}, but no folds; make some with `inspector data split --folds 5`"
        )
    trials = []
    for name in names:
        if not (folder / name).is_dir():
            raise DataError(
                f"{folder / name}: no such bundle; every fold needs one: `inspector train --fold {name.removeprefix(PREFIX)}` for both "
                f"networks, then `inspector bundle build --part {name} --out {folder / name}`"
            )
        trial = Trial(read_bundle(folder / name), choose_part(dataset, split, name))
        require_fit(trial.bundle, trial.part)
        trials.append(trial)
    return tuple(trials)


def together(trials: tuple[Trial, ...]) -> Part:
    """The frames of all folds as one part, to be told of."""
    first, last = trials[0].part, trials[-1].part
    frames = tuple(frame for trial in trials for frame in trial.part.frames)
    return Part(first.dataset, first.split, f"{first.name} to {last.name}", frames)
