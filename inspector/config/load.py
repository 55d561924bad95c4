"""Reads and checks a configuration file; each error is one line with the key, what was found and what was expected."""

from __future__ import annotations

import difflib
import math
import re
from pathlib import Path
from typing import Any

import msgspec
import yaml

from inspector.config.choices import choices_at
from inspector.config.replay import ReplayConfig
from inspector.config.section import for_ecmascript
from inspector.config.tree import LineConfig
from inspector.errors import UserError


def load_config(path: Path) -> LineConfig:
    """The configuration in ``path``, checked against the tree.

    Raises UserError naming the file, the key, what was found and what was expected.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror}); give an existing line configuration, e.g. one copied from configs/"
        ) from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    config = parse_config(text, str(path))
    return _at_home(config, path.parent)


def _at_home(config: LineConfig, directory: Path) -> LineConfig:
    """Make paths of recordings and keys, which are relative to the configuration file, absolute. (The bundle is found elsewhere.)"""
    replace = msgspec.structs.replace
    cameras = tuple(
        replace(camera, source=_recording_at_home(camera.source, directory))
        if isinstance(camera.source, ReplayConfig)
        else camera
        for camera in config.cameras
    )
    curve = config.results.curve
    if curve is not None:
        curve = replace(
            curve,
            secret_key=_resolved(curve.secret_key, directory),
            allowed_clients=_resolved(curve.allowed_clients, directory),
        )
    return replace(config, cameras=cameras, results=replace(config.results, curve=curve))


def _recording_at_home(source: ReplayConfig, directory: Path) -> ReplayConfig:
    if isinstance(source.path, str):
        return msgspec.structs.replace(source, path=_resolved(source.path, directory))
    return msgspec.structs.replace(source, path=tuple(_resolved(path, directory) for path in source.path))


def _resolved(path: str, directory: Path) -> str:
    return str(directory / Path(path).expanduser())


class _Loader(yaml.SafeLoader):
    """YAML loader that refuses a key that is there twice; PyYAML silently takes the last."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """The mapping's node. Raises ConstructorError for a key that is there twice."""
        node = super().compose_mapping_node(anchor)
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            found = (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else None
            if found in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} is there twice", key.start_mark
                )
            if found is not None:
                seen.add(found)
        return node


def parse_config(text: str, origin: str) -> LineConfig:
    """The configuration in a YAML text; ``origin`` names it in errors. Raises UserError."""
    try:
        tree = yaml.load(text, _Loader)
    except RecursionError:
        raise UserError(f"{origin}: is nested too deeply to be a configuration") from None
    except ValueError as error:  # a text that looks like a date but is none
        raise UserError(f"{origin}: cannot be read: {error}; put a text that looks like a date in quotes") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise UserError(f"{origin}:{where} is not valid YAML: {problem}") from None
    if not isinstance(tree, dict):
        raise UserError(f"{origin}: holds no configuration; expected keys such as line:, bundle:, cameras:")
    try:
        config = msgspec.convert(tree, LineConfig)
    except msgspec.ValidationError as error:
        raise UserError(f"{origin}: {_worded(str(error), tree)}") from None
    if infinite := _infinite(tree, ""):
        raise UserError(f"{origin}: {infinite}: .inf is not allowed; give a number, or null where the key allows it")
    _check_whole(config, origin)
    return config


def _infinite(tree: Any, path: str) -> str:
    """Path of an infinite number in the tree; empty where there is none. (NaN fails the constraints of every field.)"""
    if isinstance(tree, float):
        return path if math.isinf(tree) else ""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    found = (_infinite(value, f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}") for key, value in items)
    return next(filter(None, found), "").removeprefix(".")


def _check_whole(config: LineConfig, origin: str) -> None:
    """Checks that concern more than one field. Raises UserError."""
    names = [camera.name for camera in config.cameras]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise UserError(f"{origin}: cameras: the name {sorted(twice)[0]!r} is used twice; each camera needs its own")
    if config.overload == "wait" and config.deadline_ms is not None:
        raise UserError(
            f"{origin}: overload: wait lets frames wait without limit, but deadline_ms is {config.deadline_ms:g}; "
            "set deadline_ms: null for an offline run, or another overload policy"
        )


def _worded(message: str, tree: Any) -> str:
    """msgspec's message with the path first, and the nearest known key where a key is unknown."""
    found = re.match(r"(?s)(.*) - at `\$\.?(.*)`$", message)
    problem, path = (found[1], found[2]) if found else (message, "")
    where = f"{path}: " if path else ""
    unknown = re.match(r"Object contains unknown field `(.*)`$", problem)
    if unknown:
        near = difflib.get_close_matches(unknown[1], known_keys(), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return f"{where}unknown key {unknown[1]!r}{hint} (`inspector config schema` lists all)"
    missing = re.match(r"Object missing required field `(.*)`$", problem)
    if missing:
        choices = choices_at(config_schema(), f"{path}.{missing[1]}")
        return f"{where}the key {missing[1]!r} is missing" + (
            f"; expected one of {', '.join(choices)}" if choices else ""
        )
    value = _value_at(tree, path)
    found_it = "" if value is None else f" (found {value!r})"
    if choices := choices_at(config_schema(), path):
        return f"{where}expected one of {', '.join(choices)}{found_it}"
    if "matching regex" in problem:  # all patterns are those of names
        problem = "expected at most 63 letters, digits, '_', '.' and '-', of which the first is a letter or a digit"
    return f"{where}{problem[0].lower()}{problem[1:]}{found_it}"


def _value_at(tree: Any, path: str) -> Any:
    """The scalar at a msgspec path such as ``cameras[0].name``; None where there is none."""
    for key, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        try:
            tree = tree[key] if key else tree[int(index)]
        except (KeyError, IndexError, TypeError):
            return None
    return None if isinstance(tree, (dict, list)) else tree


def config_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the whole tree."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **for_ecmascript(msgspec.json.schema(LineConfig)),
    }


def known_keys() -> set[str]:
    """Every key that occurs anywhere in the tree."""
    sections = config_schema()["$defs"].values()
    return {key for section in sections for key in section.get("properties", {})}
