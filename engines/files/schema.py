"""What a type allows at a place in a tree: its keys, and the values of a choice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

Step = str | int | None
"""A key, a number in a list, or None for any value of a mapping with free keys."""


class Schema:
    """The JSON Schema of a type. It is made where an error is to be worded, which takes a few milliseconds."""

    def __init__(self, kind: type) -> None:
        self._root: dict[str, Any] = msgspec.json.schema(kind)
        self._sections: dict[str, Any] = self._root.get("$defs", {})

    def keys(self, steps: Sequence[Step], tree: Any) -> list[str]:
        """The keys that the mapping there may have; of several kinds of mapping, those of the kind that the tree chooses."""
        return list(dict.fromkeys(key for node in self._at(steps, tree) for key in node.get("properties", ())))

    def all_keys(self) -> list[str]:
        """Every key that may occur anywhere."""
        return sorted({key for node in (self._root, *self._sections.values()) for key in node.get("properties", ())})

    def choices(self, steps: Sequence[Step], tree: Any) -> list[Any]:
        """The values that may stand there, where they can be counted; empty where they cannot."""
        return list(dict.fromkeys(value for node in self._at(steps, tree) for value in node.get("enum", ())))

    def pattern(self, steps: Sequence[Step], tree: Any) -> str:
        """The regular expression that a text there must match; empty where there is none."""
        return next((str(node["pattern"]) for node in self._at(steps, tree) if "pattern" in node), "")

    def _at(self, steps: Sequence[Step], tree: Any) -> list[dict[str, Any]]:
        nodes = self._kinds([self._root], tree)
        for number, step in enumerate(steps, start=1):
            below = [one for node in nodes if (one := _member(node, step)) is not None]
            nodes = self._kinds(below, value_at(tree, steps[:number]))
        return nodes

    def _kinds(self, nodes: Iterable[dict[str, Any]], tree: Any) -> list[dict[str, Any]]:
        """The nodes with alternatives apart: the kind that the tree's tag chooses, or all where it chooses none."""
        kinds = list(self._apart(nodes))
        return [kind for kind in kinds if not _excluded(kind, tree)] or kinds

    def _apart(self, nodes: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for node in nodes:
            if "$ref" in node:
                yield from self._apart([self._sections[node["$ref"].removeprefix("#/$defs/")]])
            elif "anyOf" in node:
                yield from self._apart(node["anyOf"])
            else:
                yield node


def value_at(tree: Any, steps: Iterable[Step]) -> Any:
    """The value at a place of a tree; None where there is none."""
    for step in steps:
        try:
            tree = tree[step]
        except (KeyError, IndexError, TypeError):
            return None
    return tree


def _member(node: dict[str, Any], step: Step) -> dict[str, Any] | None:
    found: Any
    if isinstance(step, str):
        found = node.get("properties", {}).get(step)
    elif step is None:
        found = node.get("additionalProperties")
    else:
        places = node.get("prefixItems", [])
        found = places[step] if step < len(places) else node.get("items")
    return found if isinstance(found, dict) else None


def _excluded(node: dict[str, Any], tree: Any) -> bool:
    """Whether a tag in the tree says that it is of another kind."""
    if not isinstance(tree, dict):
        return False
    tags = {key: one["enum"] for key, one in node.get("properties", {}).items() if len(one.get("enum", ())) == 1}
    return any(key in tree and tree[key] not in allowed for key, allowed in tags.items())
