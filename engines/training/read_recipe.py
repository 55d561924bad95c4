"""Reads a recipe file, with changes from the command line, and says in one line what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import yaml

from engines.errors import FileError, RecipeError
from engines.files.paths import resolve_paths
from engines.training.recipe import OneCycle, Recipe


def read_recipe(path: Path, changes: Iterable[str] = ()) -> Recipe:
    """The recipe in `path`; `changes` such as `optimiser.learning_rate=2e-4` or `phases.0.epochs=2` come on top.

    Paths in it become absolute: those of the file are relative to its folder, those of `changes` to the working directory.
    Raises RecipeError naming the file, the key, what was found and what was expected.
    """
    try:
        tree: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read ({error.strerror}); give the file of a recipe") from None
    except UnicodeDecodeError:
        raise RecipeError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise RecipeError(f"{path}:{where} is not valid YAML: {problem}") from None
    if not isinstance(tree, dict):
        raise RecipeError(f"{path}: holds no recipe; expected keys such as name:, kind:, network:, batches:, phases:")
    changed = {_apply(tree, change) for change in changes}
    tree = _numbers(tree)
    try:
        recipe = _with_whole_paths(msgspec.convert(tree, Recipe), path, changed)
    except msgspec.ValidationError as error:
        raise RecipeError(f"{path}: {_worded(str(error))}") from None
    if problem := _contradiction(recipe):
        raise RecipeError(f"{path}: {problem}")
    return recipe


def recipe_text(recipe: Recipe) -> str:
    """The recipe as YAML, every key written out."""
    return yaml.safe_dump(msgspec.to_builtins(recipe), sort_keys=False, allow_unicode=True)


def difference(before: str, recipe: Recipe) -> str:
    """The first key in which a recipe written by `recipe_text` is another one; empty where they are the same."""
    old, new = _flat(yaml.safe_load(before)), _flat(msgspec.to_builtins(recipe))
    for key in dict.fromkeys([*old, *new]):
        if old.get(key) != new.get(key):
            return f"{key}: {old.get(key)!r} there, {new.get(key)!r} now"
    return ""


def _flat(tree: Any, path: str = "") -> dict[str, Any]:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, (list, tuple)) else None
    if items is None:
        return {path.removeprefix("."): tree}
    return {key: leaf for name, value in items for key, leaf in _flat(value, f"{path}.{name}").items()}


def _with_whole_paths(recipe: Recipe, path: Path, changed: set[str]) -> Recipe:
    def folder(key: str) -> Path:
        places = key.replace("[", ".").replace("]", "")  # as changes name them
        told = any(places == one or places.startswith(f"{one}.") for one in changed)
        return Path.cwd() if told else path.parent.resolve()

    try:
        return resolve_paths(recipe, folder, str(path))
    except FileError as error:
        raise RecipeError(str(error)) from None


def _apply(tree: dict[str, Any], change: str) -> str:
    """Make one change; return its key."""
    key, equals, text = change.partition("=")
    if not equals:
        raise RecipeError(f"recipe change {change!r}: expected KEY=VALUE, such as optimiser.learning_rate=2e-4")
    *parents, last = key.strip().split(".")
    place: Any = tree
    try:
        value = yaml.safe_load(text)
        for name in parents:
            place = place[int(name)] if isinstance(place, list) else place.setdefault(name, {})
        if isinstance(place, list):
            place[int(last)] = value
        elif isinstance(place, dict):
            place[last] = value
        else:
            raise TypeError
    except (AttributeError, IndexError, TypeError, ValueError, yaml.YAMLError):
        raise RecipeError(f"recipe change {change!r}: the recipe has no such place, or the value is no YAML") from None
    return ".".join([*parents, last])


def _numbers(tree: Any) -> Any:
    """YAML 1.1 reads 1e-3 as text, because it lacks a point; everybody else reads a number."""
    if isinstance(tree, dict):
        return {key: _numbers(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_numbers(value) for value in tree]
    if isinstance(tree, str) and re.fullmatch(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+", tree):
        return float(tree)
    return tree


def _worded(message: str) -> str:
    found = re.match(r"(?s)(.*) - at `\$\.?(.*)`$", message)
    problem, place = (found[1], found[2]) if found else (message, "")
    where = f"{place}: " if place else ""
    unknown = re.match(r"Object contains unknown field `(.*)`$", problem)
    if unknown:
        return f"{where}unknown key {unknown[1]!r}; docs/training.md lists all"
    missing = re.match(r"Object missing required field `(.*)`$", problem)
    if missing:
        return f"{where}the key {missing[1]!r} is missing"
    return f"{where}{problem[0].lower()}{problem[1:]}"


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
