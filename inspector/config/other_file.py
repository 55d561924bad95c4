"""Reads configurations that are a YAML file of their own beside that of a line: a reject controller's, that of coils, the viewer's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from engines.errors import FileError
from engines.files.paths import resolve_paths
from engines.files.reading import read_regular_text
from engines.files.typed import typed
from engines.files.yaml_text import MOST_BYTES, parse_yaml
from inspector.config.section import Section
from inspector.errors import UserError

S = TypeVar("S", bound=Section)


def load_file(path: Path, parse: Callable[[str, str], S], missing: str) -> S:
    """What ``parse(text, origin)`` makes of the file; paths in it are relative to its folder. ``missing`` says what to give where it cannot be read.

    Raises UserError."""
    try:
        text = read_regular_text(path, MOST_BYTES)
    except FileError as error:
        raise UserError(f"{error}; {missing}") from None
    try:
        return resolve_paths(parse(text, str(path)), path.parent, str(path))
    except FileError as error:
        raise UserError(str(error)) from None


def parse_text(text: str, origin: str, kind: type[S], what: str, keys_are_in: str) -> S:
    """The configuration in a YAML text, of that type; ``origin`` and ``what`` name it in errors. Raises UserError."""
    try:
        return typed(parse_yaml(text, origin), kind, origin, what, keys_are_in=keys_are_in)
    except FileError as error:
        raise UserError(str(error)) from None
