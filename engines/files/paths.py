"""Which keys of a file are paths, and what they are relative to.

The type of a key says that it is a path: `FilePath`, or a text with `path_key`. Readers of files call `resolve_paths`, so that every
path in a file is relative to the folder of that file; ``~`` is the home directory.
"""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, inspect

from engines.files.looking import expanded, is_there

_EXTRA = "path"
S = TypeVar("S", bound=msgspec.Struct)
FolderOf = Callable[[str], Path]
"""The folder that the path at a key is relative to; the key is written as ``phases[0].loss``."""


@dataclass(frozen=True, slots=True)
class PathRule:
    """How a key names a path."""

    words: tuple[str, ...] = ()
    """Texts that mean something else, such as ``download``."""
    prefix: str = ""
    """Only what follows it is a path, such as ``ipc://``. Texts without it are none."""
    other: str = ""
    """Characters with which something else begins, after the prefix."""
    pattern: bool = False
    """Whether it may be a glob."""
    or_name: bool = False
    """Whether it may be the name of something that comes with the package. Then only ``~/...`` is filled in here: whoever looks for
    it knows which comes first."""

    def resolved(self, text: str, folder: Path, origin: str) -> str:
        """The text with its path relative to `folder` made whole. Raises FileError where ``~`` cannot be filled in."""
        rest = text.removeprefix(self.prefix)
        if text in self.words or not text.startswith(self.prefix) or not rest or rest[0] in self.other:
            return text
        path = expanded(rest, origin)
        if self.or_name:
            return f"{self.prefix}{path}"
        if self.pattern and glob.has_magic(rest) and not path.is_absolute() and not is_there(folder / path):
            folder = Path(glob.escape(str(folder)))
        return f"{self.prefix}{folder / path}"


def path_key(rule: PathRule = PathRule()) -> Meta:
    """Marks a text as a path, for ``Annotated[str, path_key()]``; it may not be empty."""
    schema = None if rule.prefix else {"format": "path"}
    return Meta(min_length=1, extra={_EXTRA: rule}, extra_json_schema=schema)


FilePath = Annotated[str, path_key()]
"""A path, relative to the file in which it is written."""


def resolve_paths(value: S, folder: Path | FolderOf, origin: str = "") -> S:
    """A copy of what a file holds, with every path in it made relative to the working directory, or absolute.

    `folder` is that of the file, or says the folder for each key. `origin` names the file in errors. Raises FileError.
    """
    folder_of: FolderOf = (lambda _: folder) if isinstance(folder, Path) else folder
    resolved: S = _resolved(value, _type(type(value)), "", folder_of, origin)
    return resolved


def path_keys(struct: type[msgspec.Struct]) -> list[tuple[str, PathRule]]:
    """Every key of a file of this type that is a path, as ``cameras[].source.path``, with its rule."""
    return list(_keys(_type(struct), ""))


def path_values(value: msgspec.Struct) -> list[tuple[str, PathRule, str]]:
    """Every path that such a file holds: its key, as ``cameras[0].source.path``, its rule, and the text."""
    return list(_values(value, _type(type(value)), ""))


@cache
def _type(struct: type[msgspec.Struct]) -> inspect.Type:
    return inspect.type_info(struct)


def _rule(kind: inspect.Type) -> tuple[PathRule | None, inspect.Type]:
    """The rule of a type that is marked as a path, and the type without its marks."""
    rule = None
    while isinstance(kind, inspect.Metadata):
        rule, kind = (kind.extra or {}).get(_EXTRA, rule), kind.type
    return rule, kind


def _resolved(value: Any, kind: inspect.Type, key: str, folder_of: FolderOf, origin: str) -> Any:
    """The value with its paths resolved; the same object where it holds none."""
    rule, kind = _rule(kind)
    if rule is not None and isinstance(value, str):
        return rule.resolved(value, folder_of(key), f"{origin}: {key}" if origin else key)
    if isinstance(kind, inspect.UnionType):
        for one in kind.types:
            found = _resolved(value, one, key, folder_of, origin)
            if found is not value:
                return found
    elif isinstance(kind, inspect.StructType) and type(value) is kind.cls:
        before = {field.name: getattr(value, field.name) for field in kind.fields}
        after = {
            field.name: _resolved(before[field.name], field.type, _below(key, field.encode_name), folder_of, origin)
            for field in kind.fields
        }
        changed = {name: found for name, found in after.items() if found is not before[name]}
        return msgspec.structs.replace(value, **changed) if changed else value
    elif isinstance(kind, inspect.VarTupleType) and isinstance(value, tuple):
        items = [_resolved(one, kind.item_type, _below(key, n), folder_of, origin) for n, one in enumerate(value)]
        return value if all(map(lambda new, old: new is old, items, value)) else tuple(items)
    return value


def _keys(kind: inspect.Type, key: str) -> Iterator[tuple[str, PathRule]]:
    rule, kind = _rule(kind)
    if rule is not None:
        yield key, rule
    elif isinstance(kind, inspect.UnionType):
        for one in kind.types:
            yield from _keys(one, key)
    elif isinstance(kind, inspect.StructType):
        for field in kind.fields:
            yield from _keys(field.type, _below(key, field.encode_name))
    elif isinstance(kind, inspect.VarTupleType):
        yield from _keys(kind.item_type, f"{key}[]")


def _values(value: Any, kind: inspect.Type, key: str) -> Iterator[tuple[str, PathRule, str]]:
    rule, kind = _rule(kind)
    if rule is not None and isinstance(value, str):
        yield key, rule, value
    elif isinstance(kind, inspect.UnionType):
        for one in kind.types:
            if found := list(_values(value, one, key)):
                yield from found
                return
    elif isinstance(kind, inspect.StructType) and type(value) is kind.cls:
        for field in kind.fields:
            yield from _values(getattr(value, field.name), field.type, _below(key, field.encode_name))
    elif isinstance(kind, inspect.VarTupleType) and isinstance(value, tuple):
        for n, item in enumerate(value):
            yield from _values(item, kind.item_type, _below(key, n))


def _below(key: str, name: str | int) -> str:
    if isinstance(name, int):
        return f"{key}[{name}]"
    return f"{key}.{name}" if key else name
