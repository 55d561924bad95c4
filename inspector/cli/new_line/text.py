"""The text of a new line's configuration: what was answered and what a line engineer must know, each key with its meaning."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import msgspec

from engines.files.yaml_text import yaml_text
from inspector.config.camera import SourceConfig
from inspector.config.genicam import GenicamConfig
from inspector.config.load import config_schema
from inspector.config.replay import ReplayConfig
from inspector.config.section import Section
from inspector.config.tree import LineConfig

HEADING = """\
# Configuration of an inspection line, written by `inspector init`. Paths in this file are relative to its folder.
# Keys that are not here have their defaults; `inspector config schema` lists all keys with their meaning.
"""
LONGEST_COMMENT = 150
"""Characters; whole sentences of a key's description are taken as long as they fit, the first one always."""
_OWN_WORDS: dict[tuple[type[Section], str], str] = {
    (ReplayConfig, "path"): "Folder with the recorded frames, in natural order; other forms: docs/configuration.md."
}
"""Comments where the first sentence of the description is about what `inspector init` does not write."""


def line_text(config: LineConfig) -> str:
    """The configuration as commented YAML that `parse_config` reads back alike, as far as its other keys have their defaults."""
    return HEADING + "\n".join(_line(config)) + "\n"


def _line(config: LineConfig) -> Iterator[str]:
    yield from _keys(config, "line", "bundle")
    yield from _comment(config, "cameras")
    yield "cameras:"
    for camera in config.cameras:
        *comment, name = _keys(camera, "name")
        yield from _indented(2, comment)
        yield f"  - {name}"
        yield from _indented(4, _comment(camera, "source"))
        yield "    source:"
        keys = _source_keys(camera.source)
        yield f"      kind: {msgspec.to_builtins(camera.source)['kind']}"
        yield from _indented(6, _keys(camera.source, *keys))
        yield from _indented(4, _keys(camera, "scale"))
    yield from _keys(config, "deadline_ms")
    yield "inference:"
    yield from _indented(2, _keys(config.inference, "allow_cpu"))
    yield "verdicts:"
    yield from _indented(2, _comment(config.verdicts, "rules"))
    yield "  rules:"
    for rule in config.verdicts.rules:
        yield f"    - {{verdict: {rule.verdict}}}"
    yield "results:"
    yield from _indented(2, _keys(config.results, "endpoint"))
    yield "journal:"
    yield from _indented(2, _keys(config.journal, "path", "keep_days"))
    if config.keys is not None:
        yield from _comment(config, "keys")
        yield "keys:"
        yield from _indented(2, _keys(config.keys, "secret_key", "clients"))


def _source_keys(source: SourceConfig) -> tuple[str, ...]:
    if isinstance(source, GenicamConfig):
        return tuple(name for name in ("serial", "address", "mac") if getattr(source, name) is not None)
    return ("path", "rate_hz", "loop") if isinstance(source, ReplayConfig) else ("rate_hz",)


def _keys(section: Section, *names: str) -> Iterator[str]:
    """Each key with its comment above it."""
    tree = msgspec.to_builtins(section)
    for name in names:
        yield from _comment(section, name)
        value = _plain(tree[name])
        if isinstance(value, str) and not value.isprintable():
            yield f"{name}: {_escaped(value)}"
        else:
            yield from yaml_text({name: value}).splitlines()


def _comment(section: Section, name: str) -> Iterator[str]:
    kind = type(section)
    yield f"# {_OWN_WORDS.get((kind, name)) or _beginning(_sections()[kind.__name__]['properties'][name]['description'])}"


@cache
def _sections() -> dict[str, Any]:
    """Of every section its JSON Schema, by the name of its type."""
    found: dict[str, Any] = config_schema()["$defs"]
    return found


def _beginning(description: str) -> str:
    """The first sentence, and as many of the next as fit."""
    first, *others = re.split(r"(?<=[.]) (?=[A-Z])", description)
    for sentence in others:
        if len(first) + 1 + len(sentence) > LONGEST_COMMENT:
            break
        first = f"{first} {sentence}"
    return first


def _plain(value: Any) -> Any:
    """Whole numbers without a decimal point."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _escaped(text: str) -> str:
    """A text with line ends or other controls, such as a strange name of a folder, on one line and visible: quoted, with escapes."""
    return '"' + "".join(c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in text) + '"'


def _indented(blanks: int, lines: Iterable[str]) -> Iterator[str]:
    return (f"{' ' * blanks}{line}" for line in lines)
