"""Prints the replies of a control socket for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from inspector.cli.output import console, tell

if TYPE_CHECKING:
    from inspector.protocol.control import AnyCommand
    from inspector.protocol.control_messages import Reply


def tell_reply(command: AnyCommand, reply: Reply) -> None:
    """Print what was done on stdout, or why it was not on stderr."""
    from inspector.cli.shadow_tables import print_report
    from inspector.cli.status_screen import tell_report
    from inspector.protocol.control import ReadStatus, ShadowReport
    from inspector.protocol.control_messages import Outcome, name_of
    from inspector.protocol.line_report import LineReport
    from inspector.protocol.shadow_report import ShadowReportBody

    if reply.outcome is not Outcome.DONE:
        code = "" if reply.code == reply.outcome.value else f" ({reply.code})"
        tell(f"inspector: {name_of(command)} {reply.outcome.value}{code}: {reply.text}", err=True)
        return
    result = reply.result or {}
    try:
        if isinstance(command, ReadStatus):
            tell_report(msgspec.convert(result, LineReport))
            return
        if isinstance(command, ShadowReport):
            print_report(msgspec.convert(result, ShadowReportBody), every=False)
            return
    except msgspec.ValidationError:
        pass  # of another version: shown as it is
    if reply.text:
        tell(f"{name_of(command)}: {reply.text}")
    _tell_mapping(result, "")
    if not result and not reply.text:
        tell(f"{name_of(command)}: done")


def _tell_mapping(result: dict[str, Any], indent: str) -> None:
    """One line for each key; lists of objects as tables."""
    width = max((len(key) for key in result), default=0)
    for key, value in result.items():
        head = f"{indent}{key:<{width}}  "
        if isinstance(value, dict) and value:
            tell(f"{indent}{key}")
            _tell_mapping(value, indent + "  ")
        elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            tell(f"{indent}{key}")
            _tell_rows(value)
        else:
            tell(head + _word(value))


def _tell_rows(rows: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    columns = list(dict.fromkeys(key for row in rows for key in row))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(_word(row.get(column)) for column in columns))
    console().print(table)


def _word(value: Any) -> str:
    if value is None or value == [] or value == {}:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_word(one) for one in value)
    return msgspec.json.encode(value).decode() if isinstance(value, dict) else str(value)
