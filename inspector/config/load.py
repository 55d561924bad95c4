"""Reads and checks a configuration file; each error is one line with the key, what was found and what was expected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from engines.errors import FileError
from engines.files.paths import resolve_paths
from engines.files.reading import read_regular_text
from engines.files.typed import typed
from engines.files.yaml_text import MOST_BYTES, parse_yaml
from inspector.config.read_scale import read_calibrated_scale
from inspector.config.recipe import RecipeConfig, with_scale
from inspector.config.tree import LineConfig
from inspector.config.verdicts import Scale
from inspector.errors import UserError

_ALL_KEYS = "`inspector config schema` lists all"


def load_config(path: Path, *, calibrated: bool = True) -> LineConfig:
    """The configuration in ``path``, checked against the tree; with the scales that it names as files, unless ``calibrated`` is False.

    Paths in it are relative to its folder (the bundle, which may be a name, is found by `engines.bundle.find_bundle`).
    Raises UserError naming the file, the key, what was found and what was expected.
    """
    try:
        text = read_regular_text(path, MOST_BYTES)
    except FileError as error:
        raise UserError(
            f"{error}; give an existing line configuration; `inspector config example` prints one"
        ) from None
    try:
        config = resolve_paths(parse_config(text, str(path)), path.parent, str(path))
    except FileError as error:
        raise UserError(str(error)) from None
    return with_scale_files(config) if calibrated else config


def with_scale_files(config: LineConfig) -> LineConfig:
    """The configuration with the scale of each camera that names a file of it. Raises UserError naming the key."""
    cameras = []
    for camera in config.cameras:
        with _named(f"cameras.{camera.name}.scale_file"):
            calibrated = msgspec.structs.replace(camera, scale=_read_scale(camera.scale_file, camera.scale))
        try:
            cameras.append(with_scale(camera, calibrated))
        except ValueError as error:
            raise UserError(str(error)) from None
    return msgspec.structs.replace(config, cameras=tuple(cameras))


def _read_scale(file: str | None, given: Scale | None) -> Scale | None:
    return given if file is None else read_calibrated_scale(file)


@contextmanager
def _named(key: str) -> Iterator[None]:
    """Errors of what is read begin with the key that names it."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{key}: {error}") from None


def parse_config(text: str, origin: str) -> LineConfig:
    """The configuration in a YAML text; ``origin`` names it in errors. Raises UserError."""
    try:
        config = typed(parse_yaml(text, origin), LineConfig, origin, "configuration", keys_are_in=_ALL_KEYS)
    except FileError as error:
        raise UserError(str(error)) from None
    _check_whole(config, origin)
    return config


def _check_whole(config: LineConfig, origin: str) -> None:
    """Checks that concern more than one field. Raises UserError."""
    counts = Counter(camera.name for camera in config.cameras)
    twice = sorted(name for name, count in counts.items() if count > 1)
    if twice:
        raise UserError(f"{origin}: cameras: the name {twice[0]!r} is used twice; each camera needs its own")
    if config.overload == "wait" and config.deadline_ms is not None:
        raise UserError(
            f"{origin}: overload: wait lets frames wait without limit, but deadline_ms is {config.deadline_ms:g}; "
            "set deadline_ms: null for an offline run, or another overload policy"
        )


def load_recipe(folder: Path, name: str, *, calibrated: bool = True) -> RecipeConfig:
    """The recipe ``name`` in ``folder``, a file ``name.yaml``; paths in it are relative to the folder. Raises UserError."""
    path = folder / f"{name}.yaml"
    try:
        recipe = typed(parse_yaml(read_regular_text(path, MOST_BYTES), str(path)), RecipeConfig, str(path), "recipe")
        recipe = resolve_paths(recipe, folder, str(path))
    except FileError as error:
        raise UserError(str(error)) from None
    return with_recipe_scales(recipe, str(path)) if calibrated else recipe


def with_recipe_scales(recipe: RecipeConfig, origin: str) -> RecipeConfig:
    """The recipe with the scales that it names as files. Raises UserError naming the key."""
    cameras = []
    for camera in recipe.cameras:
        with _named(f"{origin}: cameras.{camera.name}.scale_file"):
            cameras.append(msgspec.structs.replace(camera, scale=_read_scale(camera.scale_file, camera.scale)))
    return msgspec.structs.replace(recipe, cameras=tuple(cameras))


def config_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the whole tree."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(LineConfig)}
