"""The committed schema, the document's examples and what is really published agree."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from inspector.protocol.codec import decode
from inspector.protocol.conditions import OF_COILS
from inspector.protocol.messages import BODIES, LineState, MessageType
from inspector.protocol.schema import protocol_schema, schema_text
from inspector.results.status import Status
from tests.protocol.document import PATH, README, with_examples
from tests.protocol.document import documented as documented_now
from tests.protocol.examples import in_readme, stream_of_a_coil
from tests.results.publishing import LOST, REJECTED, RUN, START, Ear, eventually, make_meta, make_results, make_settled

DOCS = Path(__file__).parents[2] / "docs"
VALIDATOR = Draft202012Validator(protocol_schema())


def published() -> list[list[bytes]]:
    """One of each type, off a real socket."""
    results = make_results(results={"wait_for_subscribers": 1})
    results.start()
    with Ear(results.endpoint) as ear:
        results.wait_for_subscribers()
        results.begin("cam1", RUN, START)
        results.status(
            Status(
                state=LineState.DEGRADED, code="inference_restarting", text="the inference child was killed by signal 9"
            )
        )
        results.settled(make_settled(0, REJECTED))
        results.settled(make_settled(1, LOST, count=2))
        results.late(make_meta(0), REJECTED)
        results.change("cam1", START, "other rules")
        results.end("cam1", RUN)
        heard: dict[bytes, list[bytes]] = {}
        while len(heard) < len(MessageType) - len(OF_COILS):
            parts = ear.hear()
            heard[parts[0].rsplit(b"/", 1)[1]] = parts
    results.close()
    heard |= {one.type.value.encode(): one.parts() for one in stream_of_a_coil().values()}
    assert len(heard) == len(MessageType)
    return list(heard.values())


def test_the_committed_schema_is_up_to_date() -> None:
    committed = (DOCS / "protocol" / "v1.schema.json").read_text(encoding="utf-8")
    assert committed == schema_text(), "python -m inspector.protocol.schema > docs/protocol/v1.schema.json"


def test_patterns_are_those_of_ecmascript() -> None:
    assert r"\Z" not in schema_text().replace("\\\\", "\\")


def test_published_messages_meet_the_schema_and_altered_ones_do_not() -> None:
    Draft202012Validator.check_schema(protocol_schema())
    for parts in published():
        message = {"header": json.loads(parts[1]), "body": json.loads(parts[2])}
        VALIDATOR.validate(message)
        body = BODIES[MessageType(message["header"]["type"])]
        for field in msgspec.structs.fields(body):
            cut = VALIDATOR.is_valid({**message, "body": without(message["body"], field.name)})
            # A key that was added later has a default, for what an earlier publisher said.
            assert cut is not field.required, f"{body.__name__}.{field.name}"
        for key in message["header"]:
            assert not VALIDATOR.is_valid({**message, "header": without(message["header"], key)}), key


def without(fields: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name != key}


def test_the_subscriber_in_the_document_runs() -> None:
    """Joins late on purpose: it must say so, and then show the verdicts."""
    text = (DOCS / "protocol.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(import json, zmq.*?)```", text, re.DOTALL)
    assert len(program.splitlines()) <= 20
    results = make_results(results={"wait_for_subscribers": 1})
    results.start()
    results.begin("cam1", RUN, START)
    results.settled(make_settled(0))
    eventually(lambda: results.snapshot().published == 2)
    program = program.replace("tcp://127.0.0.1:5550", results.endpoint)
    reader = subprocess.Popen([sys.executable, "-u", "-c", program], stdout=subprocess.PIPE, text=True)
    try:
        assert results.wait_for_subscribers()
        results.settled(make_settled(1, REJECTED))
        results.settled(make_settled(2))
        assert reader.stdout
        lines = [reader.stdout.readline().strip() for _ in range(3)]
    finally:
        reader.kill()
        reader.communicate()
        results.close()
    assert lines[0].startswith("missed 0 to 1 of ('line1', 'cam1'")
    assert lines[1:] == ["cam1 1 REJECT defect", "cam1 2 PASS gate_clean"]


def documented() -> list[list[str]]:
    """The examples of ``docs/protocol.md``: fenced blocks whose first line is a topic, one part a line."""
    blocks = re.findall(r"```text\n(v1/[^`]+)```", (DOCS / "protocol.md").read_text(encoding="utf-8"))
    return [block.strip().splitlines() for block in blocks]


def test_the_document_shows_what_the_line_publishes() -> None:
    text = PATH.read_text(encoding="utf-8")
    assert text == documented_now(text), "python -m tests.protocol.document"
    readme = README.read_text(encoding="utf-8")
    assert readme == with_examples(readme, in_readme()), "python -m tests.protocol.document"


def test_the_document_shows_every_type() -> None:
    assert {block[0].rsplit("/", 1)[1] for block in documented()} == {kind.value for kind in MessageType}


@pytest.mark.parametrize("block", documented(), ids=lambda block: block[0])
def test_the_examples_of_the_document_are_messages(block: list[str]) -> None:
    message = {"header": json.loads(block[1]), "body": json.loads(block[2])}
    VALIDATOR.validate(message)
    blob = bytes.fromhex(block[3].removeprefix("blob, in hexadecimal: ")) if len(block) > 3 else b""
    packet = decode([line.encode() for line in block[:3]] + ([blob] if blob else []))
    if blob:
        from inspector.client import mask_of

        mask = mask_of(packet)
        assert mask is not None
        assert mask.any()
