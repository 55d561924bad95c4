"""The values that a key of the configuration may have, where they are a list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any


def choices_at(schema: dict[str, Any], path: str) -> list[str]:
    """The values permitted at a msgspec path such as ``cameras[0].source.kind``; empty where they are not a list."""
    nodes = list(_options(schema, schema))
    for key, index in re.findall(r"([^.\[\]]+)|\[(\d+|\.\.\.)\]", path):
        found = [_below(node, key, index) for node in nodes]
        nodes = [option for node in found if node is not None for option in _options(schema, node)]
    values = [value for node in nodes for value in node.get("enum", [])]
    return list(dict.fromkeys("null" if value is None else str(value) for value in values))


def _options(schema: dict[str, Any], node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What a node may be, references followed."""
    if "$ref" in node:
        yield from _options(schema, schema["$defs"][node["$ref"].rpartition("/")[2]])
    elif "anyOf" in node:
        for option in node["anyOf"]:
            yield from _options(schema, option)
    else:
        yield node


def _below(node: dict[str, Any], key: str, index: str) -> dict[str, Any] | None:
    if index:
        below = node.get("items") or next(iter(node.get("prefixItems", [])), None)
    else:
        below = node.get("properties", {}).get(key)
    return below if isinstance(below, dict) else None
