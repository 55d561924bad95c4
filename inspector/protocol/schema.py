"""JSON Schema of the protocol, generated from the message types.

``python -m inspector.protocol.schema > docs/protocol/v1.schema.json`` writes the copy that subscribers read.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import msgspec

from inspector.config.section import for_ecmascript
from inspector.protocol.messages import BODIES, PROTOCOL, Header


def protocol_schema() -> dict[str, Any]:
    """Draft 2020-12. The root describes an object of ``header`` and ``body``; ``$defs`` holds each of them by name."""
    _, definitions = msgspec.json.schema_components([Header, *BODIES.values()], ref_template="#/$defs/{name}")
    messages = [
        {
            "title": kind.value,
            "properties": {
                "header": {"allOf": [{"$ref": "#/$defs/Header"}, {"properties": {"type": {"const": kind.value}}}]},
                "body": {"$ref": f"#/$defs/{body.__name__}"},
            },
        }
        for kind, body in BODIES.items()
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Inspector results protocol, version {PROTOCOL}",
        "description": "The second (header) and third (body) part of a message, put together as one object.",
        "type": "object",
        "required": ["header", "body"],
        "oneOf": messages,
        "$defs": for_ecmascript(definitions),
    }


def schema_text() -> str:
    """The schema as JSON text, as in ``docs/protocol/v1.schema.json``."""
    return json.dumps(protocol_schema(), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
