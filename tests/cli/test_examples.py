"""Examples and recipes that come with the package are found by name."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from engines.data.description import Description
from engines.files.yaml_text import parse_yaml
from engines.training.read_recipe import read_recipe
from inspector.cli.app import app
from inspector.cli.examples import Kind, examples, find_example, recipe_file
from inspector.client.controller.load import load_controller
from inspector.coil.load import load_coil
from inspector.config.load import load_config, load_recipe
from inspector.errors import UserError
from inspector.view.load import load_view

ROOT = Path(__file__).parents[2]


def test_every_file_that_a_user_may_copy_is_one() -> None:
    assert {one.path for one in examples()} == set((ROOT / "configs").rglob("*.yaml"))
    names = [one.name for one in examples()]
    assert len(names) == len(set(names))
    assert {"demo", "line", "gate-resnet50", "severstal"} <= set(names)


@pytest.mark.parametrize("name", [one.name for one in examples()])
def test_every_example_says_what_it_is_and_can_be_read(name: str) -> None:
    example = find_example(name)
    assert 10 < len(example.summary) < 130
    if example.kind is Kind.LINE:
        load_config(example.path)
    elif example.kind is Kind.CONTROLLER:
        load_controller(example.path)
    elif example.kind is Kind.COILS:
        load_coil(example.path)
    elif example.kind is Kind.VIEW:
        load_view(example.path)
    elif example.kind is Kind.PRODUCT:
        load_recipe(example.path.parent, name)
    elif example.kind is Kind.TRAINING:
        read_recipe(example.path)
    else:
        msgspec.convert(parse_yaml(example.text(), name), Description)


def test_an_example_is_printed_as_it_is() -> None:
    assert CliRunner().invoke(app, ["config", "example"]).stdout == (ROOT / "configs/line.yaml").read_text()
    printed = CliRunner().invoke(app, ["config", "example", "gate-resnet50"]).stdout
    assert printed == (ROOT / "configs/training/gate-resnet50.yaml").read_text()
    listed = CliRunner().invoke(app, ["config", "example", "--list"]).stdout
    assert all(f"  {one.name} " in listed and one.summary in listed for one in examples())


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(
        UserError,
        match=r"^lin: no example has this name; expected one of cameras, coil-line, demo-view, demo, line, two_cameras, controller, coil, view, thin-strip, .*severstal$",
    ):
        find_example("lin")
    with pytest.raises(UserError, match=r"^gate-resnet51: no such recipe; .*gate-resnet50") as refused:
        recipe_file("gate-resnet51")
    assert "severstal" not in str(refused.value)


def test_a_recipes_file_comes_before_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    included = ROOT / "configs/training/gate-resnet50.yaml"
    (tmp_path / "gate-resnet34").mkdir()
    assert recipe_file("gate-resnet50") == included
    assert recipe_file("gate-resnet34").parent == included.parent
    (tmp_path / "gate-resnet50").write_text(included.read_text())
    assert recipe_file("gate-resnet50") == Path("gate-resnet50")
    assert recipe_file("~/gate-resnet50") == tmp_path / "gate-resnet50"
