"""`inspector train` without the training extra: one line that names it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tests.cli.command import inspector, one_line_of

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
