"""The base of all sections of the configuration, and constrained types for their fields."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A section of the configuration: immutable, by keyword, unknown keys refused."""


NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}\Z"
"""In Python, $ would also match before a line break at the end."""
Name = Annotated[str, Meta(pattern=NAME)]
"""A name that can be used in a topic, a file name and a metric label."""

Positive = Annotated[float, Meta(gt=0)]
AtLeastOne = Annotated[int, Meta(ge=1)]
NotEmpty = Annotated[str, Meta(min_length=1)]


def for_ecmascript(schema: Any) -> Any:
    """A JSON Schema whose patterns are those of ECMAScript, as the standard has them: there $ is the end and \\Z does not exist."""
    if isinstance(schema, dict):
        return {
            key: value.removesuffix("\\Z") + "$"
            if key == "pattern" and isinstance(value, str) and value.endswith("\\Z")
            else for_ecmascript(value)
            for key, value in schema.items()
        }
    return [for_ecmascript(value) for value in schema] if isinstance(schema, list) else schema
