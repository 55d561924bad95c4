"""The one reader, and writer, of YAML: for configurations, bundles, data sets and recipes.

Beyond what PyYAML's safe loader refuses, a text is refused that names a key twice, that is deeply nested, whose aliases expand to very
much or contain themselves, or that holds what no file of ours can mean: an integer beyond 64 bits, half a UTF-16 pair, a NUL, binary
data, a set. As YAML 1.2 does, 1e-3 is read as a number; YAML 1.1 wants a point in it. What is read holds dictionaries, lists, texts,
numbers, truth values, dates and nulls, and nothing else.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from engines.errors import FileError
from engines.files.reading import read_regular_text
from engines.files.text import brief
from engines.files.trees import first_problem

MOST_BYTES = 1 << 20
"""PyYAML reads 200 to 500 kB in a second."""
MOST_VALUES = 200_000
"""Values in a text, an alias counting as all that it stands for."""
DEEPEST = 60
LONGEST_NUMBER = 100
"""Characters of a number, date or truth value. A longer one takes Python long to compute, and means nothing."""

_TOO_DEEP = f"nested more than {DEEPEST} deep"
_NUMBER = re.compile(r"^[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+\Z")
_TAG = "tag:yaml.org,2002:"


class _Loader(yaml.SafeLoader):
    """Refuses a key that is there twice, of which PyYAML silently takes the last, and deep nesting, which ends it in a RecursionError."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """The next node with all below it. Raises ConstructorError where it is nested too deeply."""
        self._depth += 1
        if self._depth > DEEPEST and parent is not None:
            raise _refused(_TOO_DEEP, parent)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def fetch_flow_collection_start(self, token_class: Any) -> None:
        """Begin a list or mapping in brackets. Raises ScannerError where they are nested too deeply: thousands take PyYAML long."""
        if self.flow_level > DEEPEST:
            raise yaml.scanner.ScannerError(None, None, _TOO_DEEP, self.get_mark())
        super().fetch_flow_collection_start(token_class)

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """The mapping's node. Raises ConstructorError for a key that is there twice."""
        node = super().compose_mapping_node(anchor)
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            found = (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else None
            if found in seen:
                raise _refused(f"the key {brief(key.value)!r} is there twice", key)
            if found is not None:
                seen.add(found)
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """The value of a node. Raises ConstructorError, also for a text that its tag or its look calls a date or a number, and that is none."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, KeyError, AttributeError, TypeError, OverflowError, IndexError):
            kind = {"timestamp": "date", "int": "whole number", "float": "number", "bool": "truth value"}
            told = kind.get(node.tag.removeprefix(_TAG), f"value of the tag {brief(node.tag, 40)!r}")
            found = repr(brief(node.value, 40)) if isinstance(node, yaml.ScalarNode) else "this"
            raise _refused(f"{found} is no {told}; put a text in quotes", node) from None

    def refuse_kind(self, node: yaml.Node) -> Any:
        """Raises ConstructorError."""
        raise _refused(f"the tag {brief(node.tag.removeprefix(_TAG))!r} is not used in files of this program", node)


class _Dumper(yaml.SafeDumper):
    """Quotes a text that `_Loader` would read as a number."""

    def ignore_aliases(self, data: Any) -> bool:
        """Every value is written out."""
        return True


class _Line(list[Any]):
    """A list to be written on one line."""


_Dumper.add_representer(
    _Line, lambda dumper, value: dumper.represent_sequence(f"{_TAG}seq", list(value), flow_style=True)
)
for _class in (_Loader, _Dumper):
    _class.add_implicit_resolver(f"{_TAG}float", _NUMBER, list("-+.0123456789"))
for _kind in ("binary", "set", "omap", "pairs"):
    _Loader.add_constructor(f"{_TAG}{_kind}", _Loader.refuse_kind)


def read_yaml(path: Path) -> Any:
    """The content of a YAML file. Raises FileError naming the file, the place in it and what is wrong."""
    return parse_yaml(read_regular_text(path, MOST_BYTES), str(path))


def parse_yaml(text: str, origin: str) -> Any:
    """The content of a YAML text; ``origin`` names it in errors. Raises FileError."""
    loader = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _check_size(node, {}, 0)
        value = loader.construct_document(node)
    except yaml.YAMLError as error:
        raise FileError(f"{origin}:{_place(error)} is not valid YAML: {_problem(error)}") from None
    finally:
        if loader is not None:
            loader.dispose()
    if problem := first_problem(value, _meaningless):
        raise FileError(f"{origin}: {problem}")
    return value


def yaml_text(value: Any) -> str:
    """The value (of dictionaries, lists, texts, numbers) as YAML that `parse_yaml` reads back alike."""
    return str(yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True))


def on_one_line(value: Any) -> Any:
    """The value (of dictionaries, lists, texts, numbers) with every list of numbers or texts in it such that `yaml_text` writes it in
    brackets, not an entry a line."""
    if isinstance(value, dict):
        return {key: on_one_line(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        nested = any(isinstance(one, (dict, list, tuple)) for one in value)
        return [on_one_line(one) for one in value] if nested else _Line(value)
    return value


def _check_size(node: yaml.Node, known: dict[int, tuple[int, int]], depth: int) -> tuple[int, int]:
    """Number of values below a node and how deep they are nested, aliases expanded. Raises ConstructorError where it has too many, is
    too deep or contains itself."""
    size, height = known.get(id(node), (0, 0))
    if id(node) in known and not size:
        raise _refused("a value contains itself", node)
    if depth + height > DEEPEST:
        raise _refused(_TOO_DEEP, node)
    if size:
        return size, height
    known[id(node)] = 0, 0  # not known yet: met again below itself, it is a circle
    size = 1
    for one in _below(node):
        more, deeper = _check_size(one, known, depth + 1)
        size, height = size + more, max(height, deeper + 1)
        if size > MOST_VALUES:
            raise _refused(f"more than {MOST_VALUES} values", node)
    known[id(node)] = size, height
    return size, height


def _below(node: yaml.Node) -> list[yaml.Node]:
    """The keys and values in a node."""
    if isinstance(node, yaml.MappingNode):
        return [one for pair in node.value for one in pair]
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    if node.tag != f"{_TAG}str" and len(node.value) > LONGEST_NUMBER:
        problem = f"a number or date of more than {LONGEST_NUMBER} characters; put a text in quotes"
        raise _refused(problem, node)
    return []


def _refused(problem: str, node: yaml.Node) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


def _meaningless(value: Any) -> str:
    """Why no file of ours can mean the value."""
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        return "holds an integer beyond 64 bits; correct it"
    if isinstance(value, str) and "\0" in value:
        return "holds a NUL character; correct it"
    if isinstance(value, str) and any("\ud800" <= one <= "\udfff" for one in value):
        return "holds half a UTF-16 pair, which is no character; correct it"
    return ""


def _place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""


def _problem(error: yaml.YAMLError) -> str:
    return brief(str(getattr(error, "problem", None) or str(error).splitlines()[0]), 160)
