"""The tables of the journal that hold no publications: commands, disagreements of a shadow bundle, and its counts.

A row has the age of the journal at which it was stored (``ages.py``), so that it goes with the publications of its time. ``entry`` numbers the
rows of an epoch: a commit that was reported as failed may have reached the disk all the same, and is not to be stored twice.
"""

from __future__ import annotations

import sqlite3
from typing import TypeAlias

import msgspec

from inspector.results.command_record import CommandRecord
from inspector.results.shadow_record import Comparison, Disagreement

RECORDS_SINCE = 4
"""The first schema version with these tables. A file of a version before is read as one without such rows, and gets them when it is opened for
writing."""
Record: TypeAlias = CommandRecord | Disagreement | Comparison

TABLES: dict[type[Record], str] = {
    CommandRecord: "commands",
    Disagreement: "disagreements",
    Comparison: "comparisons",
}
_ONE_SESSION = ("epoch", "camera", "shadow_bundle", "active_bundle", "started_unix_ns")
"""What tells comparisons apart."""

CREATE = """
CREATE TABLE commands (
    id INTEGER PRIMARY KEY,
    age_s REAL NOT NULL,
    entry INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    received_unix_ns INTEGER NOT NULL,
    epoch TEXT NOT NULL,
    who TEXT NOT NULL,
    public_key TEXT NOT NULL,
    role TEXT NOT NULL,
    on_behalf_of TEXT NOT NULL,
    command TEXT NOT NULL,
    arguments BLOB NOT NULL,
    outcome TEXT NOT NULL,
    answer BLOB NOT NULL,
    finished_unix_ns INTEGER NOT NULL,
    diff BLOB NOT NULL,
    UNIQUE (epoch, entry)
);
CREATE TABLE disagreements (
    id INTEGER PRIMARY KEY,
    age_s REAL NOT NULL,
    entry INTEGER NOT NULL,
    epoch TEXT NOT NULL,
    run TEXT NOT NULL,
    camera TEXT NOT NULL,
    frame INTEGER NOT NULL,
    captured_unix_ns INTEGER NOT NULL,
    active BLOB NOT NULL,
    shadow BLOB NOT NULL,
    shadow_bundle TEXT NOT NULL,
    active_bundle TEXT NOT NULL,
    kind TEXT NOT NULL,
    UNIQUE (epoch, entry)
);
CREATE TABLE comparisons (
    id INTEGER PRIMARY KEY,
    age_s REAL NOT NULL,
    entry INTEGER NOT NULL,
    epoch TEXT NOT NULL,
    camera TEXT NOT NULL,
    shadow_bundle TEXT NOT NULL,
    active_bundle TEXT NOT NULL,
    started_unix_ns INTEGER NOT NULL,
    compared INTEGER NOT NULL,
    agreed INTEGER NOT NULL,
    pairs BLOB NOT NULL,
    classes BLOB NOT NULL,
    sample BLOB NOT NULL,
    UNIQUE (epoch, camera, shadow_bundle, active_bundle, started_unix_ns)
);
CREATE INDEX commands_age ON commands (age_s);
CREATE INDEX disagreements_age ON disagreements (age_s);
CREATE INDEX comparisons_age ON comparisons (age_s);
"""


def create(connection: sqlite3.Connection) -> None:
    """Make the tables, within the transaction that is open. Raises sqlite3.Error."""
    for statement in filter(str.strip, CREATE.split(";")):
        connection.execute(statement)


def store(connection: sqlite3.Connection, record: Record, age_s: float, entry: int) -> None:
    """Insert a row, or renew that of a comparison. Raises sqlite3.Error and what Python says of a value that SQLite cannot hold."""
    connection.execute(_INSERTS[type(record)], (age_s, entry, *msgspec.structs.astuple(record)))


def same_session(comparison: Comparison) -> tuple[object, ...]:
    """Equal for two comparisons of which the later takes the place of the earlier."""
    return tuple(getattr(comparison, name) for name in _ONE_SESSION)


def _insert(kind: type[Record]) -> str:
    columns = ("age_s", "entry", *kind.__struct_fields__)
    statement = (
        f"INSERT INTO {TABLES[kind]} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) ON CONFLICT"
    )
    if kind is not Comparison:
        return f"{statement} (epoch, entry) DO NOTHING"
    renewed = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in _ONE_SESSION)
    return f"{statement} ({', '.join(_ONE_SESSION)}) DO UPDATE SET {renewed}"


_INSERTS = {kind: _insert(kind) for kind in TABLES}
