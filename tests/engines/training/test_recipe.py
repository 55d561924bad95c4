"""Every named recipe loads; a wrong one is refused by key; changes from the command line come on top."""

from __future__ import annotations

from pathlib import Path

import pytest

from engines.errors import RecipeError
from engines.files.paths import PathRule, path_keys
from engines.files.yaml_text import parse_yaml
from engines.training.read_recipe import difference, read_recipe, recipe_text
from engines.training.recipe import Recipe

CONFIGS = Path(__file__).parents[3] / "configs" / "training"
NAMED = sorted(path.stem for path in CONFIGS.glob("*-*.yaml"))
SEGMENTER = CONFIGS / "segmenter-resnet34.yaml"


def test_the_papers_recipes_are_there() -> None:
    encoders = {"segmenter": ("resnet34", "resnet50", "efficientnet-b3"), "gate": ("resnet34", "resnet50")}
    assert {f"{kind}-{encoder}" for kind, names in encoders.items() for encoder in names} <= set(NAMED)


@pytest.mark.parametrize("name", NAMED)
def test_every_recipe_loads_and_is_called_as_its_file(name: str) -> None:
    recipe = read_recipe(CONFIGS / f"{name}.yaml")
    assert recipe.name == name
    assert sum(recipe.group_shares(4)) == pytest.approx(1.0)


def test_the_papers_segmenter_is_as_the_paper_has_it() -> None:
    recipe = read_recipe(CONFIGS / "segmenter-efficientnet-b3.yaml")
    assert (recipe.batches.size, recipe.batches.crops) == (5, ((256, 384), (256, 512)))
    assert recipe.group_shares(4) == pytest.approx((0.2,) * 5)
    assert [(phase.loss, phase.epochs) for phase in recipe.phases] == [("bce_dice", 70), ("tversky", 40)]
    assert recipe.phases[1].alpha == 0.3
    assert [recipe.phase_at(epoch)[0] for epoch in (0, 69, 70, 109, 110)] == [0, 0, 1, 1, 1]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("optimiser.learning_rat=1", "optimiser: unknown key 'learning_rat'"),
        ("optimiser.learning_rate=0", "optimiser.learning_rate: expected `float` > 0"),
        ("kind=gate", "kind: found gate, but network.architecture unet is a segmenter"),
        ("schedule={kind: one_cycle}", "phases[1].learning_rate"),
        ("batches.class_shares=[0.5, 0.6]", "batches.class_shares"),
        ("augmentation.join=0.5", "augmentation.join"),
        ("augmentation.stretch=[1.2, 0.8]", "augmentation.stretch"),
        ("weights=a.pt", "weights: has an encoder, and so has encoder_weights"),
        ("split={training: 0.5}", "split: the shares add up to 0.5"),
        ("phases=[]", "phases: expected `array` of length >= 1"),
        ("phases.7.epochs=1", "no such place"),
        ("seed", "expected KEY=VALUE"),
        ("seed=[", "recipe change 'seed=[': line 1, column 2 is not valid YAML"),
        ("seed=1e400", "seed: inf is not allowed"),
        ("\udcff=1", "is no key"),
    ],
)
def test_a_wrong_recipe_is_refused_by_key_in_one_line(change: str, complaint: str) -> None:
    with pytest.raises(RecipeError) as refused:
        read_recipe(SEGMENTER, ["encoder_weights=download", change])
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "- 1", "name: [", "name: x"])
def test_a_file_that_is_no_recipe_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RecipeError, match=r"r\.yaml: ?"):
        read_recipe(tmp_path / "r.yaml")
    with pytest.raises(RecipeError, match="cannot be read"):
        read_recipe(tmp_path / "none.yaml")


def test_changes_come_on_top_and_numbers_may_lack_their_point() -> None:
    recipe = read_recipe(SEGMENTER, ["optimiser.learning_rate=2e-4", "phases.0.epochs=3", "averaging=0.9"])
    assert (recipe.optimiser.learning_rate, recipe.epochs, recipe.averaging) == (2e-4, 43, 0.9)
    plain = read_recipe(SEGMENTER)
    noted = parse_yaml(recipe_text(plain), "recipe.yaml")
    assert difference(noted, plain) == ""
    assert difference(noted, recipe) == "optimiser.learning_rate: 0.001 there, 0.0002 now"


@pytest.mark.parametrize(("key", "rule"), path_keys(Recipe))
def test_paths_of_the_file_are_relative_to_it_and_those_of_the_command_line_to_where_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, rule: PathRule
) -> None:
    """Absolute in the end, so that they mean the same in the recipe.yaml that a training writes."""
    recipes, here = tmp_path / "recipes", tmp_path / "here"
    recipes.mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    text = SEGMENTER.read_text(encoding="utf-8").replace("encoder_weights: null", "")
    (recipes / "r.yaml").write_text(f"{text}\n{key}: seg/weights.safetensors\n")
    for path in (recipes / "r.yaml", Path("../recipes/r.yaml")):
        assert getattr(read_recipe(path), key) == f"{recipes}/seg/weights.safetensors"
    changes = {
        "seg/weights.safetensors": f"{here}/seg/weights.safetensors",
        "~/w.pt": f"{tmp_path}/me/w.pt",
        "/w.pt": "/w.pt",
    }
    for told, expected in {**changes, **{word: word for word in rule.words}}.items():
        assert getattr(read_recipe(recipes / "r.yaml", [f"{key}={told}"]), key) == expected


def test_the_keys_of_a_recipe_that_are_paths() -> None:
    assert [key for key, _ in path_keys(Recipe)] == ["encoder_weights", "weights"]
