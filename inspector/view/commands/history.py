"""The last commands of a line, as its journal has them, whoever gave them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from engines.files.text import brief
from inspector.protocol.control import LOOKS
from inspector.results.command_record import CommandRecord
from inspector.results.journal_reader import JournalReader
from inspector.view.commands.desk import Given

MOST = 10
"""In a list."""
_READ = 60
"""Newest records that are read for it: what only looked is left out."""
_LONGEST = 300
_LOOK_NAMES = frozenset({str(command.__struct_config__.tag) for command in LOOKS} | {"connect"})


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """A command that is over."""

    id: str
    at_ms: int
    command: str
    arguments: dict[str, Any]
    who: str
    """Name of the key, or ``local``."""
    on_behalf_of: str
    outcome: str
    text: str


class _Answer(msgspec.Struct):
    text: str = ""


def last_commands(journal: Path) -> list[Past]:
    """Those that were to change something, the newest first. Raises UserError."""
    with JournalReader(journal) as reader:
        records = reader.commands(newest=_READ)
    changing = [one for one in reversed(records) if one.command not in _LOOK_NAMES]
    return [_past(one) for one in changing[:MOST]]


def last_given(over: list[Given]) -> list[Past]:
    """Those that this viewer has given, for a line of which it has no journal."""
    return [
        Past(
            id=one.id,
            at_ms=one.begun_ms,
            command=one.command,
            arguments=one.arguments,
            who="",
            on_behalf_of=one.by,
            outcome=one.told.outcome,
            text=brief(one.told.text, _LONGEST),
        )
        for one in over[:MOST]
        if one.told is not None
    ]


def _past(record: CommandRecord) -> Past:
    """What was altered in the file is left out."""
    try:
        arguments = msgspec.json.decode(record.arguments, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        arguments = {}
    try:
        text = msgspec.json.decode(record.answer, type=_Answer).text
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = ""
    return Past(
        id=brief(record.request_id),
        at_ms=record.received_unix_ns // 10**6,
        command=brief(record.command),
        arguments={brief(key): brief(str(value)) for key, value in arguments.items() if value not in (None, "")},
        who=brief(record.who),
        on_behalf_of=brief(record.on_behalf_of, 200),
        outcome=brief(record.outcome),
        text=brief(text, _LONGEST),
    )
