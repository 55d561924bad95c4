"""JSON Schema of the protocol, generated from the message types.

``python -m inspector.protocol.schema > docs/protocol/v1.schema.json`` writes the copy that subscribers read.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import msgspec

from inspector.frames.sheet import SHEET
from inspector.protocol.messages import BODIES, Body, Header, MessageType, ResultBody, SheetBody
from inspector.protocol.values import PROTOCOL


def protocol_schema() -> dict[str, Any]:
    """Draft 2020-12. The root describes an object of ``header`` and ``body``; ``$defs`` holds each of them by name."""
    _, definitions = msgspec.json.schema_components(
        [Header, *BODIES.values(), SheetBody], ref_template="#/$defs/{name}"
    )
    messages = [_message(kind.value, kind, body) for kind, body in BODIES.items() if kind is not MessageType.RESULT]
    messages += [
        _message("result", MessageType.RESULT, ResultBody, {"not": {"const": SHEET}}),
        _message("result of a sheet", MessageType.RESULT, SheetBody, {"const": SHEET}),
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Inspector results protocol, version {PROTOCOL}",
        "description": "The second (header) and third (body) part of a message, put together as one object.",
        "type": "object",
        "required": ["header", "body"],
        "oneOf": messages,
        "$defs": definitions,
    }


def _message(title: str, kind: MessageType, body: type[Body], camera: dict[str, Any] | None = None) -> dict[str, Any]:
    """``camera`` is a condition on the camera in the header."""
    told = {"type": {"const": kind.value}, **({"camera": camera} if camera else {})}
    return {
        "title": title,
        "properties": {
            "header": {"allOf": [{"$ref": "#/$defs/Header"}, {"properties": told}]},
            "body": {"$ref": f"#/$defs/{body.__name__}"},
        },
    }


def schema_text() -> str:
    """The schema as JSON text, as in ``docs/protocol/v1.schema.json``."""
    return json.dumps(protocol_schema(), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
