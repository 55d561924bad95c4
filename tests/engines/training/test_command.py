"""`inspector train` without the training extra: one line that names it."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest

from inspector.cli.train import _devices
from inspector.errors import UserError
from tests.cli.command import inspector, one_line_of
from tests.cli.in_process import refused

CONFIGS = Path(__file__).parents[3] / "configs" / "training"


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="the training extra is installed")
def test_without_the_extra_one_line_names_it(tmp_path: Path) -> None:
    line = one_line_of(inspector("train", CONFIGS / "gate-resnet34.yaml", "--data", tmp_path))
    assert "pip install 'inspector[training]'" in line


@pytest.mark.skipif(importlib.util.find_spec("lightning") is None, reason="needs the training extra")
@pytest.mark.parametrize(
    ("recipe", "complaint"),
    [("gate-resnet34.yaml", "no such"), ("none.yaml", "none.yaml: no such recipe; expected a file, or the name of")],
)
def test_what_is_not_there_is_told_in_one_line(tmp_path: Path, recipe: str, complaint: str) -> None:
    line = one_line_of(inspector("train", CONFIGS / recipe, "--data", tmp_path / "nothing"))
    assert complaint in line


@pytest.mark.skipif(importlib.util.find_spec("lightning") is None, reason="needs the training extra")
def test_a_training_never_replaces_its_recipe_or_its_split(tmp_path: Path) -> None:
    recipe, split = tmp_path / "recipe.yaml", tmp_path / "split.csv"
    shutil.copyfile(CONFIGS / "gate-resnet34.yaml", recipe)
    split.write_text("name,group,part,classes\n")
    out = ("--data", tmp_path / "nothing", "--out", tmp_path)
    assert "recipe.yaml: is the recipe that is read" in refused("train", recipe, *out)
    assert "split.csv: is the split that is read" in refused(
        "train", CONFIGS / "gate-resnet34.yaml", *out, "--split", split
    )


@pytest.mark.parametrize("devices", ["1e300", "0", "-1", "2,x", "9" * 400])
def test_devices_are_numbers(devices: str) -> None:
    with pytest.raises(UserError, match="--devices: found"):
        _devices(devices)
    assert [_devices(one) for one in ("auto", "2", "0,3", "1,")] == ["auto", "2", "0,3", "1,"]
