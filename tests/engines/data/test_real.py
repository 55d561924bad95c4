"""The real sets and the simulator's, opened as they lie there or by the descriptions in ``configs/data``."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from engines.data.dataset import open_dataset
from engines.data.images import read_stored
from engines.data.known import SIMULATOR
from engines.data.split import fold_fractions, make_split
from inspector.capture.simulator import CLASS_NAMES
from inspector.cli.app import app
from tests.engines.data.sets import real

CONFIGS = Path(__file__).parents[3] / "configs" / "data"


def described(name: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The description in ``configs/data``, which finds the data through INSPECTOR_DATA."""
    monkeypatch.setenv("INSPECTOR_DATA", str(real(name).parent))
    return CONFIGS / f"{name}.yaml"


def test_severstal(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = open_dataset(real("severstal"))
    assert dataset.classes == ("pitting", "inclusion", "scratches", "corrosion")
    assert (dataset.height, dataset.width, len(dataset.frames)) == (256, 1600, 122)
    assert Counter(k for frame in dataset.frames for k in frame.classes) == {0: 18, 1: 4, 2: 49, 3: 14}
    assert sum(frame.defective for frame in dataset.frames) == 74
    assert sum(not frame.located for frame in dataset.frames) == 4
    assert not any(frame.training_only for frame in dataset.frames)
    for frame in dataset.frames[::7]:
        stored = read_stored(real("severstal") / "masks" / f"{frame.path.stem}.png") if frame.located else None
        if stored is not None:
            np.testing.assert_array_equal(frame.mask() > 0, stored > 0)
    whole = open_dataset(described("severstal", monkeypatch))
    assert sum(frame.training_only for frame in whole.frames) == 26
    assert len(whole.frames) == 148


def test_severstal_in_five_folds() -> None:
    dataset = open_dataset(real("severstal"))
    split = make_split(dataset, fold_fractions(5), 1)
    for fold in (part for part in split.parts if part.startswith("fold-")):
        frames = split.frames(dataset, fold)
        assert 22 <= len(frames) <= 25
        assert 9 <= sum(not frame.defective for frame in frames) <= 10
        assert all(frame.located for frame in frames)


def test_neu_seg(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = open_dataset(real("neu_seg"))
    assert dataset.classes == ("inclusion", "patches", "scratches")
    assert (dataset.height, dataset.width, len(dataset.frames)) == (200, 200, 3802)
    assert len({frame.group for frame in dataset.frames}) == 955
    assert all(frame.defective and frame.located for frame in dataset.frames)
    joined = open_dataset(described("neu_seg", monkeypatch))
    assert joined.id == dataset.id
    assert len({frame.group for frame in joined.frames}) < 900


def test_magnetic_tile(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = open_dataset(described("magnetic_tile", monkeypatch))
    assert dataset.classes == ("blowhole", "break", "crack", "fray", "uneven")
    assert (dataset.height, dataset.width, len(dataset.frames)) == (320, 256, 967)
    assert Counter(frame.classes for frame in dataset.frames)[()] == 678
    assert sum(not frame.located for frame in dataset.frames) == 1
    with (real("magnetic_tile") / "frames.csv").open(newline="", encoding="utf-8") as file:
        defects = {Path(row["image"]).name: row["defect"] for row in csv.DictReader(file)}
    assert all("|".join(dataset.classes[k] for k in one.classes) == defects[one.name] for one in dataset.frames)
    groups = Counter(frame.group for frame in dataset.frames)
    assert 250 <= len(groups) <= 350
    assert max(groups.values()) <= 24
    crack = next(frame for frame in dataset.frames if frame.classes == (2,))
    assert crack.frame().shape == crack.mask().shape == (320, 256)
    assert set(np.unique(crack.mask())) == {0, 4}


def test_simulated_sheets(tmp_path: Path) -> None:
    options = ["--frames", "6", "--height", "64", "--width", "256", "--defect-rate", "0.8", "--workers", "1"]
    assert CliRunner().invoke(app, ["simulate", str(tmp_path), *options]).exit_code == 0
    dataset = open_dataset(tmp_path)
    assert dataset.classes == SIMULATOR == tuple(CLASS_NAMES)
    assert (dataset.height, dataset.width, len(dataset.frames)) == (64, 256, 6)
    assert len({frame.group for frame in dataset.frames}) == 6
    for frame in dataset.frames:
        np.testing.assert_array_equal(frame.mask(), read_stored(tmp_path / "masks" / f"{frame.path.stem}.png"))
