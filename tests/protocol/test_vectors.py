"""The recorded messages: what is committed is what the line publishes, and decoder, schema and client answer each as it says."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from inspector.client import mask_of
from inspector.client.completeness import Completeness, OutOfOrderError
from inspector.client.events import StreamKey
from inspector.protocol.codec import MalformedError, Packet, decode
from inspector.protocol.messages import MessageType
from inspector.protocol.schema import protocol_schema
from tests.protocol.vectors.case import Case, bytes_of, essentials
from tests.protocol.vectors.files import FOLDER, read_messages, read_sequences, texts
from tests.protocol.vectors.sequences import Sequence

CASES = {case.name: case for case in read_messages()}
SEQUENCES = read_sequences()
VALIDATOR = Draft202012Validator(protocol_schema())
_NOT_IN_THE_SCHEMA = ("parts", "topic", "blob", "range")
"""What is between the parts, and numbers that do not fit each other."""


def test_the_committed_vectors_are_up_to_date_and_small() -> None:
    for name, text in texts().items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, "python -m tests.protocol.vectors"
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 300_000


def test_they_hold_every_type_and_every_kind_of_fault() -> None:
    answers = Counter(case.answer for case in CASES.values())
    assert min(answers["accept"], answers["refuse"]) > 50
    assert {case.is_["type"] for case in CASES.values() if case.is_} == {kind.value for kind in MessageType}
    assert {case.broken for case in CASES.values()} == {
        None, "parts", "topic", "version", "header", "body", "rule", "range", "blob",
    }  # fmt: skip


def test_our_decoder_answers_as_it_should() -> None:
    for case in CASES.values():
        if case.answer == "refuse":
            with pytest.raises(MalformedError) as caught:
                decode(bytes_of(case))
            begins = {"header": "header: ", "body": "body of ", "version": "protocol version 2"}.get(
                case.broken or "", ""
            )
            assert str(caught.value).startswith(begins), (case.name, caught.value)
            continue
        packet = decode(bytes_of(case))
        bad_mask = (case.is_ or {}).get("mask") == "refuse"
        assert essentials(packet, mask="refuse" if bad_mask else None) == case.is_, case.name
        if bad_mask:
            with pytest.raises(ValueError, match=r"mask|runs"):
                mask_of(packet)


def test_the_schema_answers_the_same() -> None:
    for case in CASES.values():
        if in_schema(case) and (message := as_json(case)) is not None:
            assert VALIDATOR.is_valid(message) == (case.answer == "accept"), case.name


def in_schema(case: Case) -> bool:
    """Whether the schema can tell whether it is good."""
    return case.broken not in _NOT_IN_THE_SCHEMA


def as_json(case: Case) -> Any:
    """Header and body as one object; None where one of them is no JSON."""
    try:
        _, header, body, *_ = map(bytes.decode, bytes_of(case))
        return {
            "header": json.loads(header, parse_constant=_refused),
            "body": json.loads(body, parse_constant=_refused),
        }
    except (ValueError, RecursionError):
        return None


def _refused(constant: str) -> None:
    raise ValueError(constant)


@pytest.mark.parametrize("sequence", SEQUENCES, ids=lambda sequence: sequence.name)
def test_our_client_concludes_what_it_should(sequence: Sequence) -> None:
    streams: dict[StreamKey, Completeness] = {}
    speaking: dict[tuple[str, str], list[str]] = {}
    for step in sequence.steps:
        try:
            packet = decode(bytes_of(CASES[step.message]))
        except MalformedError:
            assert step.ignored == "malformed", step
            continue
        assert epoch_of(packet, speaking) == step.epoch, step
        key = StreamKey(packet.header.line, packet.header.camera, packet.header.epoch)
        try:
            missing = streams.setdefault(key, Completeness(key)).take(packet)
        except OutOfOrderError:
            assert step.ignored == "number", step
            continue
        assert (missing, step.ignored) == (step.missing, None), step
    assert [concluded(one) for one in streams.values()] == msgspec.to_builtins(sequence.streams)


def epoch_of(packet: Packet, speaking: dict[tuple[str, str], list[str]]) -> str | None:
    """Whether another epoch speaks in the place of the one before; ``speaking`` holds those heard so far, the present one last."""
    header = packet.header
    heard = speaking.setdefault((header.line, header.camera), [header.epoch])
    if heard[-1] == header.epoch:
        return None
    said = "left" if header.epoch in heard else "new"
    heard.append(header.epoch)
    return said


def concluded(known: Completeness) -> dict[str, Any]:
    return {
        "line": known.stream.line,
        "camera": known.stream.camera,
        "epoch": known.stream.epoch,
        "last_seq": known.last_seq,
        "missing": [list(hole) for hole in known.missing],
        "ended": known.ended,
        "verdicts": {verdict.value: count for verdict, count in known.verdicts.items()},
        "totals_agree": known.totals_agree,
        "proven": known.proven,
    }
