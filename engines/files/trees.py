"""Trees of dictionaries and lists, as they are read from YAML: finding a value and its place."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any, NamedTuple

from engines.files.text import brief


class Problem(NamedTuple):
    """What is wrong with a value, and where it is."""

    what: str
    place: str
    """Its keys and numbers, as ``cameras[0].name``; empty for the whole tree."""

    def __str__(self) -> str:
        place = brief(self.place)
        return f"{place}: {self.what}" if place else self.what


def first_problem(tree: Any, problem: Callable[[Any], str]) -> Problem | None:
    """The first leaf or key about which ``problem`` has something to say."""
    found = _search(tree, problem)
    return Problem(found[0], "".join(reversed(found[1:])).removeprefix(".")) if found else None


def plain(tree: Any) -> Any:
    """The tree with every key a text, and texts for dates: what JSON can hold."""
    if isinstance(tree, dict):
        return {key if isinstance(key, str) else shown(key): plain(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [plain(value) for value in tree]
    return tree.isoformat() if isinstance(tree, datetime.date) else tree


def shown(value: Any) -> str:
    """A key or leaf as its YAML has it, printable and short."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, datetime.date):
        return value.isoformat()
    return repr(brief(value, 60)) if isinstance(value, str) else brief(str(value), 60)


def _search(tree: Any, problem: Callable[[Any], str]) -> list[str]:
    """The problem, then the keys that lead to it from below."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if found := _search(key, problem) or _search(value, problem):
                return [*found, f".{brief(str(key), 40)}"]
    elif isinstance(tree, list):
        for number, value in enumerate(tree):
            if found := _search(value, problem):
                return [*found, f"[{number}]"]
    elif what := problem(tree):
        return [what]
    return []
