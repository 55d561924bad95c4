"""The schema passes the strict mode of ajv, which Node.js programs use; and where there is no Node.js, the rules of that mode."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from inspector.protocol.schema import protocol_schema
from tests.protocol.document import PATH
from tests.protocol.test_vectors import CASES, as_json, in_schema

_TYPE_OF = {
    "object": {"properties", "required", "additionalProperties", "propertyNames", "minProperties", "maxProperties", "patternProperties"},
    "array": {"items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"},
    "string": {"minLength", "maxLength", "pattern", "format"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
}  # fmt: skip
"""The type that must stand beside each keyword."""
_OTHERS = {
    "$schema", "$id", "$defs", "$ref", "title", "description", "examples", "type", "enum", "const", "allOf", "anyOf", "oneOf", "not", "if",
    "then", "else",
}  # fmt: skip

AJV = """
const Ajv = require("ajv/dist/2020")
const { schema, messages } = JSON.parse(require("fs").readFileSync(0))
const validate = new Ajv({ strict: true, strictTypes: true, strictTuples: true, strictRequired: true }).compile(schema)
console.log(JSON.stringify(messages.map((one) => validate(one))))
"""


def schemas(node: Any) -> Iterator[dict[str, Any]]:
    """Every schema in a schema, itself included."""
    if not isinstance(node, dict):
        return
    yield node
    for key, inner in node.items():
        if key in ("properties", "$defs", "patternProperties"):
            for one in inner.values():
                yield from schemas(one)
        elif isinstance(inner, list) and key in ("allOf", "anyOf", "oneOf", "prefixItems"):
            for one in inner:
                yield from schemas(one)
        elif key in ("items", "additionalProperties", "propertyNames", "not", "if", "then", "else", "contains"):
            yield from schemas(inner)


def test_every_keyword_stands_beside_its_type() -> None:
    found = list(schemas(protocol_schema()))
    assert len(found) > 300
    for one in found:
        kind = one.get("type")
        assert kind is None or isinstance(kind, str), one
        for wanted, keywords in _TYPE_OF.items():
            there = keywords & set(one)
            assert not there or kind == wanted or (kind, wanted) == ("integer", "number"), one
        assert set(one) <= _OTHERS.union(*_TYPE_OF.values()), one
        if "prefixItems" in one:
            assert one["minItems"] == one["maxItems"] == len(one["prefixItems"]), one
            assert one["items"] is False, one
        if "pattern" in one:
            assert "\\Z" not in one["pattern"], one


def test_required_keys_are_described_and_described_keys_required() -> None:
    definitions = protocol_schema()["$defs"]
    for name, one in definitions.items():
        if one.get("type") == "object":
            assert set(one["required"]) == set(one["properties"]), name


def test_texts_lists_and_objects_have_a_size() -> None:
    for one in schemas(protocol_schema()["$defs"]["Header"]):
        bounded = {"enum", "const", "maxLength", "pattern"} & set(one)
        assert one.get("type") != "string" or bounded, one
    for name, definition in protocol_schema()["$defs"].items():
        for one in schemas(definition):
            if one.get("type") == "string":
                assert {"enum", "const", "maxLength", "pattern"} & set(one), (name, one)
            if one.get("type") == "array":
                assert "maxItems" in one, (name, one)
            if "additionalProperties" in one:
                assert "maxProperties" in one or "enum" in one["propertyNames"], (name, one)


def test_ajv_takes_it_and_agrees_on_every_vector() -> None:
    node = shutil.which("node")
    if (
        node is None
        or subprocess.run([node, "-e", 'require.resolve("ajv/dist/2020")'], capture_output=True, check=False).returncode
    ):
        pytest.skip("no Node.js with ajv here (npm install ajv in a folder of NODE_PATH)")
    cases = [(case, message) for case in CASES.values() if in_schema(case) and (message := as_json(case)) is not None]
    schema = json.loads((PATH.parent / "protocol" / "v1.schema.json").read_text(encoding="utf-8"))
    told = json.dumps({"schema": schema, "messages": [message for _, message in cases]})
    done = subprocess.run([node, "-e", AJV], input=told, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    answers = json.loads(done.stdout)
    for (case, _), valid in zip(cases, answers, strict=True):
        assert valid == (case.answer == "accept"), case.name
