"""Fold models: which bundles are run on which frames, and that nobody needs torch to run them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engines.bundle import Bundle
from engines.data.dataset import open_dataset
from engines.data.split import read_split
from engines.errors import HeldOutError
from inspector.bundles.folds import read_fold_models
from inspector.errors import UserError
from tests.cli.folded import say_trained_on, write_folds
from tests.evaluate.tiny_data import write_data
from tests.test_project import imported_by


def test_each_fold_has_the_model_that_was_trained_without_it(tiny_bundle: Bundle, tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    file, folds = write_folds(tiny_bundle, data, tmp_path)
    dataset = open_dataset(data)
    split = read_split(file, dataset)
    runs = read_fold_models(folds, dataset, split)
    assert [(run.part.name, run.bundle.path.name) for run in runs] == [("fold-0", "fold-0"), ("fold-1", "fold-1")]
    assert {frame.name for run in runs for frame in run.part.frames} == {frame.name for frame in dataset.frames}
    say_trained_on(folds / "fold-1", dataset.id, split.id, ["fold-1"])
    with pytest.raises(HeldOutError, match=r"the gate of tiny-1-.* learnt from part 'fold-1'") as told:
        read_fold_models(folds, dataset, split)
    assert told.value.others == ("fold-0",)
    shutil.rmtree(folds / "fold-1")
    with pytest.raises(UserError, match=r"no such bundle; every fold needs one: `inspector train --fold 1`"):
        read_fold_models(folds, dataset, split)
    with pytest.raises(UserError, match="Give the split file of the trainings with --split"):
        read_fold_models(folds, dataset, None)


@pytest.mark.parametrize("module", ["folds", "card", "request"])
def test_only_building_needs_torch(module: str) -> None:
    assert "torch" not in imported_by(f"import inspector.bundles.{module}")
