"""Brings what was read from YAML into a type, with one wording of what does not fit for every kind of file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from engines.errors import FileError
from engines.files.trees import first_problem
from engines.files.wording import worded
from engines.files.yaml_text import read_yaml

T = TypeVar("T", bound=msgspec.Struct)


def read_typed(path: Path, kind: type[T], what: str, *, keys_are_in: str = "", finite: bool = True) -> T:
    """The content of a YAML file, see `typed`. Raises FileError naming the file, the key, what was found and what was expected."""
    return typed(read_yaml(path), kind, str(path), what, keys_are_in=keys_are_in, finite=finite)


def typed(tree: Any, kind: type[T], origin: str, what: str, *, keys_are_in: str = "", finite: bool = True) -> T:
    """What `engines.files.yaml_text` read, as a value of ``kind``. Raises FileError.

    ``origin`` is the file and ``what`` says what it should hold, for errors; ``keys_are_in`` is where all its keys are listed.
    ``finite``: infinite numbers and NaN are refused wherever they are.
    """
    if not isinstance(tree, dict):
        raise FileError(f"{origin}: holds no {what}; expected keys such as {_some_keys(kind)}")
    if finite and (problem := first_problem(tree, _not_finite)):
        raise FileError(f"{origin}: {problem}")
    try:
        return msgspec.convert(tree, kind)
    except msgspec.ValidationError as error:
        raise FileError(f"{origin}: {worded(str(error), tree, kind, keys_are_in)}") from None


def _not_finite(value: Any) -> str:
    infinite = isinstance(value, float) and not math.isfinite(value)
    return f"{value} is not allowed; write a finite number, or null where the key may have none" if infinite else ""


def _some_keys(kind: type[msgspec.Struct]) -> str:
    """The keys that it must have, or the first ones where few are needed."""
    fields = sorted(msgspec.structs.fields(kind), key=lambda field: not field.required)
    needed = sum(field.required for field in fields)
    return ", ".join(f"{field.encode_name}:" for field in fields[: max(3, min(needed, 6))])
