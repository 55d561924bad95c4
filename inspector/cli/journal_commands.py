"""``inspector journal commands``: what the line was told to do, by whom, and what came of it."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspector.cli.journal import JournalArgument
from inspector.cli.options import Limits, number_option
from inspector.cli.output import console, escaped, shown, tell

if TYPE_CHECKING:
    from inspector.results.command_record import CommandRecord

_LONGEST = 300
"""Characters of arguments and answers in the table, which come from a network."""


def commands(
    journal: JournalArgument = Path("journal.sqlite"),
    count: Annotated[
        int, number_option("--count", Limits(1, 1_000_000_000, whole=True), "-n", help="How many, the newest.")
    ] = 20,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Only those since this time, e.g. 2026-11-30T06:00; local time without a zone."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per command.")] = False,
) -> None:
    """Show what the line was told to do: who, what, when, and the result."""
    from inspector.results.journal_reader import JournalReader

    since_ns = None if since is None else _unix_ns(since)
    with JournalReader(journal) as reader:
        found = reader.commands(count, since_unix_ns=since_ns)
    if as_json:
        for one in found:
            tell(_json_line(one))
    elif found:
        _print_table(found)
    else:
        tell("no commands")


def _print_table(found: list[CommandRecord]) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("when", "who", "command", "result"):
        table.add_column(column, overflow="fold")
    for one in found:
        who = f"{one.who} ({one.role})" + (f" for {one.on_behalf_of}" if one.on_behalf_of else "")
        what = " ".join(filter(None, (one.command, _text(one.arguments), _text(one.diff))))
        table.add_row(_local(one.received_unix_ns), shown(who), shown(what), shown(_result(one)))
    console().print(table)


def _result(one: CommandRecord) -> str:
    """How it ended; why, where it was not done."""
    answer = _decoded(one.answer)
    if not isinstance(answer, dict) or "text" not in answer:
        return f"{one.outcome} {_text(one.answer)}".strip()
    from engines.files.text import brief

    return f"{one.outcome}: {brief(str(answer['text']), _LONGEST)}" if answer["text"] else one.outcome


def _text(json: bytes) -> str:
    """For the table; nothing for an empty object."""
    from engines.files.text import brief

    text = json.decode("utf-8", "replace")
    return "" if text in ("{}", "[]") else brief(text, _LONGEST)


def _json_line(one: CommandRecord) -> str:
    import msgspec

    fields = msgspec.structs.asdict(one)
    for name, value in fields.items():
        if isinstance(value, bytes):
            fields[name] = _decoded(value)
    return escaped(msgspec.json.encode(fields).decode())


def _decoded(json: bytes) -> object:
    """The value that is stored as JSON; as text where it is none, null where it is empty."""
    import msgspec

    if not json:
        return None
    try:
        return msgspec.json.decode(json)
    except (msgspec.DecodeError, RecursionError):
        return json.decode("utf-8", "replace")


def _local(unix_ns: int) -> str:
    try:
        return datetime.fromtimestamp(unix_ns // 1_000_000_000).isoformat(sep=" ")
    except (ValueError, OverflowError, OSError):
        return str(unix_ns)


def _unix_ns(text: str) -> int:
    """Raises UserError."""
    from engines.files.text import brief
    from inspector.errors import UserError

    try:
        moment = datetime.fromisoformat(text).astimezone(timezone.utc)
        return round(moment.timestamp()) * 1_000_000_000
    except (ValueError, OverflowError, OSError):
        raise UserError(f"--since {brief(text)}: is no time; write it as 2026-11-30 or 2026-11-30T06:00") from None
