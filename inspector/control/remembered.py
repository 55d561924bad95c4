"""The commands of the last time by their ids, so that one that is sent again is not done again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from inspector.control.limits import REMEMBERED
from inspector.protocol.control_messages import UNDECIDED, Outcome
from inspector.results.command_record import CommandRecord


class Key(NamedTuple):
    """An id is the client's own: another client may use the same."""

    public_key: str
    request_id: str


class Content(NamedTuple):
    """What was asked for."""

    command: str
    arguments: bytes
    on_behalf_of: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a command was answered with."""

    outcome: Outcome
    code: str
    text: str = ""
    result: dict[str, Any] | None = None
    journaled: bool | None = None


class _Kept(msgspec.Struct):
    """An answer as the journal keeps it."""

    code: str
    text: str = ""
    result: dict[str, Any] | None = None


class Entry(NamedTuple):
    """A command that came before."""

    content: Content
    answer: Answer | None
    """None while it is being done."""


class Remembered:
    """The commands that were done or are being done. May be used from any thread."""

    def __init__(self, records: Iterable[CommandRecord]) -> None:
        """``records`` are those of the journal, the oldest first."""
        self._lock = threading.Lock()
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        for record in records:
            answer = _answer_in(record)
            if answer is not None:
                content = Content(record.command, record.arguments, record.on_behalf_of)
                self._entries[Key(record.public_key, record.request_id)] = Entry(content, answer)
        self._trim()

    def find(self, key: Key) -> Entry | None:
        """The command that came with this id."""
        with self._lock:
            return self._entries.get(key)

    def begin(self, key: Key, content: Content) -> None:
        """The command is going to be done."""
        with self._lock:
            self._entries[key] = Entry(content, None)
            self._trim()

    def finish(self, key: Key, answer: Answer | None) -> None:
        """It is done; None: it was not begun, and its id may be used again."""
        with self._lock:
            entry = self._entries.pop(key, None)
            if entry is not None and answer is not None:
                self._entries[key] = Entry(entry.content, answer)

    def _trim(self) -> None:
        """Forget the oldest beyond the limit; what is being done stays."""
        for key in [key for key, entry in self._entries.items() if entry.answer is not None]:
            if len(self._entries) <= REMEMBERED:
                return
            del self._entries[key]


def encoded(answer: Answer) -> bytes:
    """As the journal keeps it."""
    return msgspec.json.encode(_Kept(answer.code, answer.text, answer.result))


def _answer_in(record: CommandRecord) -> Answer | None:
    """None where nothing was decided under the record's id."""
    try:
        kept = msgspec.json.decode(record.answer, type=_Kept)
        outcome = Outcome(record.outcome)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError):
        return None
    if not record.request_id or kept.code in UNDECIDED or outcome is Outcome.WORKING:
        return None
    return Answer(outcome=outcome, code=kept.code, text=kept.text, result=kept.result, journaled=True)
