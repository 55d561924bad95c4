"""Words msgspec's errors for the user who wrote the file: the key first, then what was found and what was expected."""

from __future__ import annotations

import difflib
import re
from typing import Any

import msgspec

from engines.files.names import NAME, NAME_IN_WORDS
from engines.files.schema import Schema, Step, value_at
from engines.files.text import brief, printable
from engines.files.trees import shown

_PATTERNS = {NAME: NAME_IN_WORDS}
_ERROR = re.compile(r"(?s)(?P<problem>.*) - at (?P<key>`key` in )?`\$(?P<place>.*)`\Z")
_MOST_CHOICES = 12


def worded(message: str, tree: Any, kind: type[msgspec.Struct], keys_are_in: str = "") -> str:
    """The message of a ValidationError of ``tree``, which is no ``kind``, as one line. ``keys_are_in``: where all keys are listed."""
    found = _ERROR.match(message)
    problem, place = (found["problem"], found["place"]) if found else (message, "")
    steps = _steps(place, message, tree, kind)
    where = brief("".join(_named(step) for step in steps).removeprefix("."))
    schema = Schema(kind)
    if found and found["key"]:
        told = _key_is_no_text(value_at(tree, steps)) or f"a key of it: {_lowered(problem)}"
    else:
        told = _told(problem, steps, tree, schema, keys_are_in)
    return printable(f"{where}: {told}" if where else told)


def _told(problem: str, steps: list[Step], tree: Any, schema: Schema, keys_are_in: str) -> str:
    if unknown := re.match(r"(?s)Object contains unknown field `(.*)`", problem):
        return _unknown(brief(unknown[1], 60), steps, tree, schema, keys_are_in)
    if missing := re.match(r"Object missing required field `(.*)`", problem):
        choices = _listed(schema.choices([*steps, missing[1]], tree))
        return f"the key {missing[1]!r} is missing" + (f"; expected {choices}" if choices else "")
    value = value_at(tree, steps)
    found = "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else shown(value)
    if choices := _listed(schema.choices(steps, tree)):
        return f"found {found}, expected {choices}"
    pattern = schema.pattern(steps, tree)
    if "matching regex" in problem and pattern in _PATTERNS:
        problem = f"expected {_PATTERNS[pattern]}"
    told = _lowered(problem)
    if value is None or isinstance(value, (dict, list)):
        return told  # which names what it found
    wants_text = problem.startswith("Expected `str") and not isinstance(value, str)
    return f"{told} (found {found}){'; put it in quotes' if wants_text else ''}"


def _unknown(key: str, steps: list[Step], tree: Any, schema: Schema, keys_are_in: str) -> str:
    known = schema.all_keys()
    near = difflib.get_close_matches(key, schema.keys(steps, tree), n=1) or difflib.get_close_matches(key, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    if key in known:
        hint = " here; it is a key of another section"
    return f"unknown key {key!r}{hint}" + (f" ({keys_are_in})" if keys_are_in else "")


def _lowered(problem: str) -> str:
    return f"{problem[:1].lower()}{brief(problem[1:], 200)}"


def _listed(choices: list[Any]) -> str:
    """The choices in words; empty where there are none, or too many to read."""
    words = [one if isinstance(one, str) else shown(one) for one in choices]
    if not 0 < len(words) <= _MOST_CHOICES:
        return ""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _key_is_no_text(tree: Any) -> str:
    keys = [key for key in tree if not isinstance(key, str)] if isinstance(tree, dict) else []
    return f"the key {shown(keys[0])} is no text; put it in quotes" if keys else ""


def _steps(place: str, message: str, tree: Any, kind: type[msgspec.Struct]) -> list[Step]:
    """The keys and numbers of a place as msgspec writes it, ``.masks[...][2]``; where it leaves out a key, that is looked for."""
    steps: list[Step] = []
    for key, number in re.findall(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]", place):
        if number == "...":
            steps.append(_left_out(steps, message, tree, kind))
        else:
            steps.append(key or int(number))
    return steps


def _left_out(steps: list[Step], message: str, tree: Any, kind: type[msgspec.Struct]) -> Step:
    """The key of the value that the message is about: the first one that alone gives the same message."""
    mapping = value_at(tree, steps)
    for key in list(mapping)[:100] if isinstance(mapping, dict) else []:
        try:
            msgspec.convert(_replaced(tree, steps, {key: mapping[key]}), kind)
        except msgspec.ValidationError as error:
            if str(error) == message and isinstance(key, str):
                return key
    return None


def _replaced(tree: Any, steps: list[Step], value: Any) -> Any:
    """The tree with another value at a place."""
    if not steps:
        return value
    new: Any = dict(tree) if isinstance(tree, dict) else list(tree)
    new[steps[0]] = _replaced(tree[steps[0]], steps[1:], value)
    return new


def _named(step: Step) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return ".*" if step is None else f".{brief(step, 40)}"
