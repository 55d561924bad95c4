"""Reads and checks a configuration file; each error is one line with the key, what was found and what was expected."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from engines.errors import FileError
from engines.files.looking import expanded
from engines.files.reading import read_text
from engines.files.typed import typed
from engines.files.yaml_text import MOST_BYTES, parse_yaml
from inspector.config.replay import ReplayConfig
from inspector.config.tree import LineConfig
from inspector.errors import UserError

_ALL_KEYS = "`inspector config schema` lists all"


def load_config(path: Path) -> LineConfig:
    """The configuration in ``path``, checked against the tree.

    Raises UserError naming the file, the key, what was found and what was expected.
    """
    try:
        text = read_text(path, MOST_BYTES)
    except FileError as error:
        raise UserError(f"{error}; give an existing line configuration, e.g. one copied from configs/") from None
    config = parse_config(text, str(path))
    try:
        return _at_home(config, path)
    except FileError as error:
        raise UserError(str(error)) from None


def _at_home(config: LineConfig, file: Path) -> LineConfig:
    """Make paths of recordings and keys, which are relative to the configuration's file, absolute. (The bundle is found elsewhere.)"""
    replace = msgspec.structs.replace
    cameras = tuple(
        replace(camera, source=_recording_at_home(camera.source, file))
        if isinstance(camera.source, ReplayConfig)
        else camera
        for camera in config.cameras
    )
    curve = config.results.curve
    if curve is not None:
        curve = replace(
            curve,
            secret_key=_resolved(curve.secret_key, file),
            allowed_clients=_resolved(curve.allowed_clients, file),
        )
    return replace(config, cameras=cameras, results=replace(config.results, curve=curve))


def _recording_at_home(source: ReplayConfig, file: Path) -> ReplayConfig:
    if isinstance(source.path, str):
        return msgspec.structs.replace(source, path=_resolved(source.path, file))
    return msgspec.structs.replace(source, path=tuple(_resolved(path, file) for path in source.path))


def _resolved(path: str, file: Path) -> str:
    return str(file.parent / expanded(path, str(file)))


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


def config_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the whole tree."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(LineConfig)}
