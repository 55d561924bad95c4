"""Reads the rows of the journal that are no publications. Used by ``JournalReader``."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from inspector.results.command_record import CommandRecord
from inspector.results.journal_damage import RowError
from inspector.results.journal_schema import schema_version
from inspector.results.record_tables import RECORDS_SINCE, TABLES
from inspector.results.shadow_record import Comparison, Disagreement

R = TypeVar("R", CommandRecord, Disagreement, Comparison)


def read_records(
    connection: sqlite3.Connection, kind: type[R], newest: int | None, wanted: Mapping[str, object]
) -> list[R]:
    """The ``newest`` rows, or all, in the order in which they were stored; none from a file of an older version, which has no such table.

    ``wanted``: conditions with one placeholder each, and their values; those whose value is None are left out. Raises sqlite3.Error, and
    RowError where the file is damaged and holds something else.
    """
    if schema_version(connection) < RECORDS_SINCE:
        return []
    given: dict[str, object] = {condition: value for condition, value in wanted.items() if value is not None}
    query = (
        f"SELECT {', '.join(kind.__struct_fields__)} FROM {TABLES[kind]} WHERE {' AND '.join(['1', *given])} "
        "ORDER BY id DESC LIMIT ?"
    )
    values = (*given.values(), -1 if newest is None else newest)
    return [_record(kind, row) for row in connection.execute(query, values)][::-1]


def _record(kind: type[R], row: tuple[object, ...]) -> R:
    fields = dict(zip(kind.__struct_fields__, row, strict=True))
    try:
        return msgspec.convert(fields, kind, builtin_types=(bytes,))
    except msgspec.ValidationError as error:
        raise RowError(f"a row of {TABLES[kind]}: {error}") from None
