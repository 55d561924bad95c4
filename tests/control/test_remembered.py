"""What is remembered of commands, and for how long."""

from __future__ import annotations

import pytest

from inspector.control.limits import REMEMBERED
from inspector.control.remembered import Answer, Content, Key, Remembered, encoded
from inspector.protocol.control_messages import Outcome
from inspector.results.command_record import CommandRecord

DONE = Answer(outcome=Outcome.DONE, code="done", result={"paused": True})
PAUSE = Content("pause", b'{"why":""}', "anna")


def record(number: int, answer: bytes, outcome: str = "done", request_id: str | None = None) -> CommandRecord:
    """A command as the journal gives it back."""
    return CommandRecord(
        request_id=f"id-{number}" if request_id is None else request_id, received_unix_ns=number, epoch="e", who="local",
        public_key="", role="engineer", on_behalf_of="anna", command="pause", arguments=PAUSE.arguments,
        outcome=outcome, answer=answer, finished_unix_ns=number, diff=b"",
    )  # fmt: skip


def test_the_newest_are_remembered() -> None:
    books = Remembered([record(number, encoded(DONE)) for number in range(REMEMBERED + 5)])
    assert books.find(Key("", "id-4")) is None
    entry = books.find(Key("", "id-5"))
    assert entry is not None
    assert (entry.content, entry.answer) == (
        PAUSE,
        Answer(outcome=Outcome.DONE, code="done", result={"paused": True}, journaled=True),
    )
    for number in range(REMEMBERED + 50):
        books.begin(Key("k", str(number)), PAUSE)
        books.finish(Key("k", str(number)), DONE)
    assert books.find(Key("", f"id-{REMEMBERED}")) is None
    assert books.find(Key("k", "49")) is None
    assert books.find(Key("k", "50")) is not None


def test_what_is_being_done_is_never_forgotten() -> None:
    books = Remembered([])
    books.begin(Key("k", "slow"), PAUSE)
    for number in range(REMEMBERED + 5):
        books.begin(Key("k", str(number)), PAUSE)
        books.finish(Key("k", str(number)), DONE)
    entry = books.find(Key("k", "slow"))
    assert entry is not None
    assert entry.answer is None
    books.finish(Key("k", "slow"), None)
    assert books.find(Key("k", "slow")) is None, "it was not begun, so the id may be used again"


@pytest.mark.parametrize(
    ("answer", "outcome", "request_id"),
    [
        (b'{"code":"role","text":"","result":null}', "refused", None),
        (b'{"code":"id_reused","text":"","result":null}', "refused", None),
        (b'{"code":"stopping","text":"","result":null}', "failed", None),
        (b'{"code":"done"}', "done", ""),
        (b'{"code":"done"}', "exploded", None),
        (b"\xff", "done", None),
        (b"", "done", None),
    ],
)
def test_what_decides_nothing_is_not_remembered(answer: bytes, outcome: str, request_id: str | None) -> None:
    books = Remembered([record(1, encoded(DONE)), record(1, answer, outcome, request_id)])
    entry = books.find(Key("", "id-1"))
    assert entry is not None
    assert entry.answer is not None
    assert entry.answer.result == {"paused": True}
