"""The demo's recipe loads; a wrong one is refused by key."""

from __future__ import annotations

from pathlib import Path

import pytest

from engines.training.demo_recipe import read_recipe

CONFIGS = Path(__file__).parents[3] / "configs" / "training"


@pytest.mark.parametrize("path", [CONFIGS / "demo.yaml"], ids=lambda path: path.name)
def test_the_recipe_loads(path: Path) -> None:
    assert read_recipe(path).classes


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("seed: 7", "sead: 7", "sead"),
        ("real_share: 0.55", "real_share: 5", "real_share"),
        ("[0.32, ", "[0.5,", "add up"),
    ],
)
def test_a_wrong_recipe_is_refused_by_key(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    text = (CONFIGS / "demo.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "demo.yaml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ValueError, match=complaint):
        read_recipe(tmp_path / "demo.yaml")
