"""Reads a recipe file, with changes from the command line, and says in one line what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from engines.errors import FileError, RecipeError
from engines.files.paths import resolve_paths
from engines.files.reading import read_text
from engines.files.text import brief
from engines.files.trees import shown
from engines.files.typed import typed
from engines.files.yaml_text import MOST_BYTES, parse_yaml, yaml_text
from engines.training.recipe import OneCycle, Recipe

_KEY = re.compile(r"[A-Za-z0-9_-]{1,80}(\.[A-Za-z0-9_-]{1,80}){0,9}")


def read_recipe(path: Path, changes: Iterable[str] = ()) -> Recipe:
    """The recipe in `path`; `changes` such as `optimiser.learning_rate=2e-4` or `phases.0.epochs=2` come on top.

    Paths in it become absolute: those of the file are relative to its folder, those of `changes` to the working directory.
    Raises RecipeError naming the file, the key, what was found and what was expected.
    """
    try:
        text = read_text(path, MOST_BYTES)
    except FileError as error:
        raise RecipeError(f"{error}; give the file of a recipe") from None
    try:
        tree = parse_yaml(text, str(path))
        changed = {_apply(tree, change) for change in changes} if isinstance(tree, dict) else set()
        recipe = typed(tree, Recipe, str(path), "recipe", keys_are_in="docs/training.md lists all")
        recipe = _with_whole_paths(recipe, path, changed)
    except FileError as error:
        raise RecipeError(str(error)) from None
    if problem := _contradiction(recipe):
        raise RecipeError(f"{path}: {problem}")
    return recipe


def recipe_text(recipe: Recipe) -> str:
    """The recipe as YAML, every key written out."""
    return yaml_text(msgspec.to_builtins(recipe))


def difference(before: Any, recipe: Recipe) -> str:
    """The first key in which a recipe is another than the one of `recipe_text`, which was read back; empty where they are the same."""
    old, new = _flat(before), _flat(msgspec.to_builtins(recipe))
    for key in dict.fromkeys([*old, *new]):
        if old.get(key) != new.get(key):
            return f"{brief(key)}: {shown(old.get(key))} there, {shown(new.get(key))} now"
    return ""


def _flat(tree: Any, path: str = "") -> dict[str, Any]:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, (list, tuple)) else None
    if items is None:
        return {path.removeprefix("."): tree}
    return {key: leaf for name, value in items for key, leaf in _flat(value, f"{path}.{brief(str(name))}").items()}


def _with_whole_paths(recipe: Recipe, path: Path, changed: set[str]) -> Recipe:
    def folder(key: str) -> Path:
        places = key.replace("[", ".").replace("]", "")  # as changes name them
        told = any(places == one or places.startswith(f"{one}.") for one in changed)
        return Path.cwd() if told else path.parent.resolve()

    return resolve_paths(recipe, folder, str(path))


def _apply(tree: dict[str, Any], change: str) -> str:
    """Make one change; return its key."""
    key, equals, text = change.partition("=")
    told = f"recipe change {brief(change)!r}"
    if not equals:
        raise RecipeError(f"{told}: expected KEY=VALUE, such as optimiser.learning_rate=2e-4")
    if not _KEY.fullmatch(key.strip()):
        raise RecipeError(f"{told}: {brief(key)!r} is no key; expected one such as optimiser.learning_rate")
    *parents, last = key.strip().split(".")
    place: Any = tree
    value = parse_yaml(text, told)
    try:
        for name in parents:
            place = place[int(name)] if isinstance(place, list) else place.setdefault(name, {})
        if isinstance(place, list):
            place[int(last)] = value
        elif isinstance(place, dict):
            place[last] = value
        else:
            raise TypeError
    except (AttributeError, IndexError, TypeError, ValueError):
        raise RecipeError(f"{told}: the recipe has no such place") from None
    return ".".join([*parents, last])


def _contradiction(recipe: Recipe) -> str:
    """What no single key can say; empty where the recipe is sound."""
    if recipe.network.kind != recipe.kind:
        made_for = recipe.network.kind
        return f"kind: found {recipe.kind}, but network.architecture {recipe.network.architecture} is a {made_for}"
    if recipe.weights is not None and recipe.encoder_weights is not None:
        return "weights: has an encoder, and so has encoder_weights; write null for one of them"
    for number, phase in enumerate(recipe.phases):
        if recipe.kind == "gate" and phase.loss != "bce":
            return f"phases[{number}].loss: found {phase.loss}, expected bce: a gate gives one number a frame"
        if phase.learning_rate is not None and isinstance(recipe.schedule, OneCycle):
            return f"phases[{number}].learning_rate: a one_cycle schedule sets it over all phases; leave it out"
    shares = recipe.batches.class_shares
    if shares is not None and (recipe.batches.clean_share is not None or sum(shares) > 1 + 1e-6):
        return f"batches.class_shares: found {list(shares)}; expected shares of at most 1 together, and no clean_share"
    low, high = recipe.augmentation.stretch
    if low > high:
        return f"augmentation.stretch: found [{low:g}, {high:g}], expected the smaller factor first"
    if recipe.augmentation.join and (recipe.kind != "gate" or recipe.batches.crops):
        return "augmentation.join: is for gates on whole frames; leave it out"
    if abs(sum(recipe.split.values()) - 1) > 1e-6:
        return f"split: the shares add up to {sum(recipe.split.values()):g}, expected 1"
    return ""
