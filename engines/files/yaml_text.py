"""The one reader, and writer, of YAML: for configurations, bundles, data sets and recipes.

Beyond what PyYAML's safe loader refuses, a text is refused that names a key twice, that is deeply nested, whose aliases expand to very
much or contain themselves, or that holds what no file of ours can mean: an integer beyond 64 bits, half a UTF-16 pair, a NUL. As YAML
1.2 does, 1e-3 is read as a number; YAML 1.1 wants a point in it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from engines.errors import FileError
from engines.files.reading import read_text
from engines.files.text import brief

MOST_BYTES = 4 << 20
MOST_VALUES = 200_000
"""Values in a text, an alias counting as all that it stands for."""
DEEPEST = 60

_NUMBER = re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+\Z")


class _Loader(yaml.SafeLoader):
    """Refuses a key that is there twice; PyYAML silently takes the last."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """The mapping's node. Raises ConstructorError for a key that is there twice."""
        node = super().compose_mapping_node(anchor)
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            found = (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else None
            if found in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {brief(key.value)!r} is there twice", key.start_mark
                )
            if found is not None:
                seen.add(found)
        return node


class _Dumper(yaml.SafeDumper):
    """Quotes a text that `_Loader` would read as a number."""

    def ignore_aliases(self, data: Any) -> bool:
        """Every value is written out."""
        return True


for _class in (_Loader, _Dumper):
    _class.add_implicit_resolver("tag:yaml.org,2002:float", _NUMBER, list("-+0123456789"))


def read_yaml(path: Path) -> Any:
    """The content of a YAML file. Raises FileError naming the file, the place in it and what is wrong."""
    return parse_yaml(read_text(path, MOST_BYTES), str(path))


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
    except RecursionError:
        raise FileError(f"{origin}: is nested too deeply") from None
    except yaml.YAMLError as error:
        raise FileError(f"{origin}:{_place(error)} is not valid YAML: {_problem(error)}") from None
    except (ValueError, KeyError, AttributeError, TypeError, OverflowError) as error:
        # A text that its tag or its look calls a date, a number or a truth value, and that is none.
        raise FileError(
            f"{origin}: cannot be read: {brief(str(error), 120)}; put a text that looks like a date or a number in quotes"
        ) from None
    finally:
        if loader is not None:
            loader.dispose()
    _check_values(value, origin, "")
    return value


def yaml_text(value: Any) -> str:
    """The value (of dictionaries, lists, texts, numbers) as YAML that `parse_yaml` reads back alike."""
    return str(yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True))


def _check_size(node: yaml.Node, sizes: dict[int, int], depth: int) -> int:
    """Number of values below a node, aliases expanded. Raises ConstructorError where it is too large or contains itself."""
    if id(node) in sizes:
        if not sizes[id(node)]:
            raise yaml.constructor.ConstructorError(None, None, "a value contains itself", node.start_mark)
        return sizes[id(node)]
    if depth > DEEPEST:
        raise yaml.constructor.ConstructorError(None, None, f"nested more than {DEEPEST} deep", node.start_mark)
    sizes[id(node)] = 0  # not known yet: met again below itself, it is a circle
    size = 1
    if isinstance(node, yaml.MappingNode):
        below = [one for pair in node.value for one in pair]
    else:
        below = node.value if isinstance(node, yaml.SequenceNode) else []
    for one in below:
        size += _check_size(one, sizes, depth + 1)
        if size > MOST_VALUES:
            raise yaml.constructor.ConstructorError(None, None, f"more than {MOST_VALUES} values", node.start_mark)
    sizes[id(node)] = size
    return size


def _check_values(value: Any, origin: str, place: str) -> None:
    """Raises FileError for a value that no file of ours can mean."""
    if isinstance(value, dict):
        for key, one in value.items():
            _check_values(key, origin, place)
            _check_values(one, origin, f"{place}.{key}" if place else brief(str(key), 40))
    elif isinstance(value, (list, tuple, set)):
        for number, one in enumerate(value):
            _check_values(one, origin, f"{place}[{number}]")
    else:
        problem = ""
        if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
            problem = "holds an integer beyond 64 bits"
        elif isinstance(value, str) and "\0" in value:
            problem = "holds a NUL character"
        elif isinstance(value, str) and any("\ud800" <= one <= "\udfff" for one in value):
            problem = "holds half a UTF-16 pair, which is no character"
        if problem:
            raise FileError(f"{origin}: {brief(place, 60)}{': ' if place else ''}{problem}; correct it")


def _place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""


def _problem(error: yaml.YAMLError) -> str:
    return brief(str(getattr(error, "problem", None) or str(error).splitlines()[0]), 160)
