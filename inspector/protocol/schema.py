"""JSON Schema of the protocol, generated from the message types and from what must hold between their keys.

``python -m inspector.protocol.schema > docs/protocol/v1.schema.json`` writes the copy that subscribers read. It passes the strict mode of ajv:
every keyword stands beside the type it is for.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

import msgspec

from inspector.frames.outcome import REASONS, Reason, Verdict
from inspector.frames.sheet import SHEET
from inspector.protocol.codes import CODES
from inspector.protocol.coil import COIL
from inspector.protocol.conditions import ALWAYS_NULL, NEVER_NULL, OF_COILS
from inspector.protocol.limits import LONGEST_WORD
from inspector.protocol.messages import BODIES, Body, Header, MessageType, ResultBody, SheetBody
from inspector.protocol.values import PROTOCOL

Schema = dict[str, Any]

_STRINGS = ("run", "bundle", "operating_point")
"""Keys of the header that are text; the others of ``NEVER_NULL`` are whole numbers."""


def protocol_schema() -> Schema:
    """Draft 2020-12. The root describes an object of ``header`` and ``body``; ``$defs`` holds each of them by name."""
    _, definitions = msgspec.json.schema_components(
        [Header, *BODIES.values(), SheetBody], ref_template="#/$defs/{name}"
    )
    _name_property_types(definitions)
    _add_conditions(definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:inspector:results-protocol:{PROTOCOL}",
        "title": f"Inspector results protocol, version {PROTOCOL}",
        "description": "The second (header) and third (body) part of a message, put together as one object.",
        "type": "object",
        "required": ["header", "body"],
        "properties": {"header": {"$ref": "#/$defs/Header"}, "body": {"type": "object"}},
        "oneOf": list(_messages()),
        "$defs": definitions,
    }


def _messages() -> Iterable[Schema]:
    for kind, body in BODIES.items():
        if kind is MessageType.START:
            for title, repeat, seq in (("start", False, "integer"), ("start, repeated", True, "null")):
                yield _message(title, kind, body, {"seq": {"type": seq}}, {"repeat": {"const": repeat}})
        elif kind is MessageType.RESULT:
            yield _message("result", kind, ResultBody, {"camera": {"not": {"const": SHEET}}})
            yield _message("result of a sheet", kind, SheetBody, {"camera": {"const": SHEET}})
        elif kind in OF_COILS:
            yield _message(kind.value, kind, body, {"camera": {"const": COIL}})
        else:
            yield _message(kind.value, kind, body)


def _message(
    title: str, kind: MessageType, body: type[Body], told: Schema | None = None, in_body: Schema | None = None
) -> Schema:
    """``told`` and ``in_body`` are conditions on further keys of header and body."""
    keys = {"type": {"const": kind.value}, **(told or {})}
    keys |= {key: {"type": "string" if key in _STRINGS else "integer"} for key in NEVER_NULL[kind]}
    keys |= {key: {"type": "null"} for key in ALWAYS_NULL[kind]}
    ref: Schema = {"$ref": f"#/$defs/{body.__name__}"}
    return {
        "title": title,
        "type": "object",
        "properties": {
            "header": {"type": "object", "properties": keys},
            "body": {"allOf": [ref, _object(in_body)]} if in_body else ref,
        },
    }


def _object(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties}


def _name_property_types(node: Any) -> None:
    """Say of every condition on names of keys that they are text, which msgspec leaves out."""
    if isinstance(node, dict):
        if "propertyNames" in node:
            node["propertyNames"] = {"type": "string", **node["propertyNames"]}
        for inner in node.values():
            _name_property_types(inner)
    elif isinstance(node, list):
        for inner in node:
            _name_property_types(inner)


def _add_conditions(definitions: Schema) -> None:
    """What no type says of a single key (``inspector.protocol.conditions``)."""
    definitions["Code"] = {
        "title": "Code",
        "description": "Known codes are the examples; later versions may add some.",
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_WORD,
        "examples": list(CODES),
    }
    for name in ("StatusBody", "HealthReason"):
        code = definitions[name]["properties"]["code"]
        definitions[name]["properties"]["code"] = {"description": code["description"], "$ref": "#/$defs/Code"}
    for name in ("ResultBody", "SheetBody"):
        definitions[name]["allOf"] = [_pairs("verdict", "reason"), _clean("reason")]
    definitions["LateBody"]["allOf"] = [_pairs("late_verdict", "late_reason"), _clean("late_reason")]
    uninspected = _reasons(Verdict.UNINSPECTED)
    gap = definitions["GapBody"]["properties"]
    gap["verdict"] |= {"const": Verdict.UNINSPECTED.value}
    gap["reason"] |= uninspected
    end = definitions["EndBody"]["properties"]
    end["verdicts"]["propertyNames"] = {"type": "string", "enum": [one.value for one in Verdict]}
    end["reasons"]["propertyNames"] = {"type": "string", "enum": [one.value for one in Reason]}


def _pairs(verdict_key: str, reason_key: str) -> Schema:
    """A verdict has one of its own reasons."""
    pairs = [_object({verdict_key: {"const": verdict.value}, reason_key: _reasons(verdict)}) for verdict in Verdict]
    return {"type": "object", "oneOf": pairs}


def _reasons(verdict: Verdict) -> Schema:
    return {"enum": [reason.value for reason in Reason if reason in REASONS[verdict]]}


def _clean(reason_key: str) -> Schema:
    """A frame that the gate passed as clean has a score, and nothing that only the segmenter finds."""
    nothing = {"type": "object", "maxProperties": 0}
    then = {
        "gate_score": {"type": "number"},
        "pixels": nothing,
        "defect_pixels": nothing,
        "defects": {"type": "array", "maxItems": 0},
        "mask": {"type": "null"},
    }
    return {
        "type": "object",
        "if": {
            "type": "object",
            "required": [reason_key],
            "properties": {reason_key: {"const": Reason.GATE_CLEAN.value}},
        },
        "then": _object(then),
    }


def schema_text() -> str:
    """The schema as JSON text, as in ``docs/protocol/v1.schema.json``."""
    return json.dumps(protocol_schema(), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
