"""The files of the vectors, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import msgspec

from tests.protocol.vectors.bad import bad_cases
from tests.protocol.vectors.case import Case
from tests.protocol.vectors.good import good_cases
from tests.protocol.vectors.sequences import Sequence, extra_cases, sequences

FOLDER = Path(__file__).parents[3] / "docs" / "protocol" / "vectors"
MESSAGES, SEQUENCES = "messages.jsonl", "sequences.jsonl"


def messages() -> list[Case]:
    """Each name once."""
    found = [*good_cases(), *extra_cases(), *bad_cases()]
    names = [case.name for case in found]
    assert len(set(names)) == len(names), sorted(name for name in names if names.count(name) > 1)
    return found


def texts() -> dict[str, str]:
    """The content of each file."""
    return {MESSAGES: _lines(messages()), SEQUENCES: _lines(sequences())}


def read_messages() -> list[Case]:
    return [msgspec.json.decode(line, type=Case) for line in (FOLDER / MESSAGES).read_bytes().splitlines()]


def read_sequences() -> list[Sequence]:
    return [msgspec.json.decode(line, type=Sequence) for line in (FOLDER / SEQUENCES).read_bytes().splitlines()]


def _lines(objects: Iterable[object]) -> str:
    return "".join(
        json.dumps(msgspec.to_builtins(one), ensure_ascii=False, separators=(",", ":")) + "\n" for one in objects
    )
