"""The tables of the journal, and opening and checking its file.

A stream is one camera in one epoch. Rows keep header, body and blob as they were sent, so that they can be sent
again byte for byte; the other columns are for finding rows. Row ids increase in the order of publication.
Where ``blob_bytes`` is not NULL, ``blob`` is compressed (``journal_rows.py``) and ``blob_bytes`` is its size as it was sent.
The tables that hold no publications are in ``record_tables.py``.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import ExitStack
from pathlib import Path

from inspector.errors import UserError
from inspector.results.journal_damage import SQLITE_ERRORS, in_words, is_damage, may_be_ours
from inspector.results.record_tables import RECORDS_SINCE, create

log = logging.getLogger(__name__)

SCHEMA_VERSION = 4
COMPRESSED_SINCE = 3
"""The first version with the column ``blob_bytes``. A file of the version before is read as it is, and gets the column when it is opened for
writing; likewise the tables of ``RECORDS_SINCE``."""
_OLDEST_VERSION = 2

NOT_PASSED = "verdict IN ('REJECT', 'SCRAP', 'UNINSPECTED')"
"""Condition of a partial index; SQLite uses the index only for queries that contain exactly this condition."""

_TABLES = f"""
CREATE TABLE streams (
    id INTEGER PRIMARY KEY,
    epoch TEXT NOT NULL,
    line TEXT NOT NULL,
    camera TEXT NOT NULL,
    simulated INTEGER NOT NULL,
    opened_unix_ns INTEGER NOT NULL,
    UNIQUE (epoch, camera)
);
CREATE TABLE publications (
    id INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    type TEXT NOT NULL,
    run TEXT,
    frame INTEGER,
    verdict TEXT,
    captured_unix_ns INTEGER,
    published_unix_ns INTEGER NOT NULL,
    header BLOB NOT NULL,
    body BLOB NOT NULL,
    blob BLOB,
    blob_bytes INTEGER
);
CREATE UNIQUE INDEX publications_seq ON publications (stream, seq);
CREATE INDEX publications_frame ON publications (stream, frame) WHERE frame IS NOT NULL;
CREATE INDEX publications_event ON publications (type, id) WHERE verdict IS NULL;
CREATE INDEX publications_verdict ON publications (verdict, id) WHERE {NOT_PASSED};
CREATE INDEX publications_captured ON publications (captured_unix_ns) WHERE captured_unix_ns IS NOT NULL;
"""


def open_for_writing(path: Path, busy_timeout_ms: int) -> sqlite3.Connection:
    """Open the journal at ``path`` for explicit transactions (BEGIN); created where there is none.

    Raises UserError for a file that is not a journal, is newer than this program, or cannot be written; sqlite3.Error
    for one that is merely busy, and for a journal that is damaged (``journal_damage.is_damage``).
    """
    _check_folder(path)
    connection = sqlite3.connect(path, timeout=busy_timeout_ms / 1000, isolation_level=None, check_same_thread=False)
    try:
        _check_version(connection, path, f"journal.path: {path}")
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise UserError(f"journal.path: {path} is on a file system without SQLite's WAL mode; choose a local disk")
        # In WAL, NORMAL syncs at checkpoints: a power cut may cost the last commits but never the file.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        _create_or_check(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def open_for_reading(path: Path, timeout_s: float = 5.0) -> sqlite3.Connection:
    """A read-only connection, which may be used while a daemon writes; it waits for ``timeout_s`` where another program holds the file.

    Raises UserError for a file that is absent or no journal."""
    if not path.is_file():
        raise UserError(f"journal {path}: there is no such file; `journal.path` in the line's configuration names it")
    with ExitStack() as opened:
        try:
            connection = sqlite3.connect(
                f"{path.resolve().as_uri()}?mode=ro",
                uri=True,
                timeout=timeout_s,
                isolation_level=None,
                check_same_thread=False,
            )
            opened.callback(connection.close)
            found = _check_version(connection, path, f"journal {path}:")
        except SQLITE_ERRORS as error:
            if is_damage(error):
                raise UserError(damaged(path, error)) from None
            raise UserError(
                f"journal {path}: cannot be read ({error}); its folder must be writable for the reader too"
            ) from None
        if found <= 0:
            raise UserError(
                f"journal {path}: holds no journal (schema version {found}): either the daemon is only just making it, or it is another file "
                "than the daemon writes"
            )
        opened.pop_all()  # from here on the caller closes it
        return connection


def schema_version(connection: sqlite3.Connection) -> int:
    """The version of the file's tables; 0 for a file that is no journal. Raises sqlite3.Error."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def damaged(path: Path, error: Exception) -> str:
    """What a person is told who wants to read a damaged journal."""
    return f"journal {path}: is damaged ({in_words(error)}); `sqlite3 {path.name} .recover` may save some of it"


def _check_folder(path: Path) -> None:
    folder = path.resolve().parent
    if not folder.is_dir():
        raise UserError(
            f"journal.path: the folder of {path} does not exist; make it (mkdir -p {folder}) or name another file"
        )
    if path.is_dir():
        raise UserError(f"journal.path: {path} is a folder; name a file in it, e.g. {path / 'journal.sqlite'}")


def _check_version(connection: sqlite3.Connection, path: Path, origin: str) -> int:
    """The schema's version; ``origin`` is what the file is called in errors."""
    try:
        found = schema_version(connection)
    except SQLITE_ERRORS as error:
        if is_damage(error) and not may_be_ours(path, SCHEMA_VERSION):
            raise UserError(f"{origin} is not an SQLite file; move it away or name another one") from None
        raise
    if found > SCHEMA_VERSION:
        raise UserError(
            f"{origin} has schema version {found}, this program writes version {SCHEMA_VERSION}; "
            "use the newer program or name another file"
        )
    if 0 < found < _OLDEST_VERSION:
        raise UserError(
            f"journal.path: {path} was written by an earlier version of this program (schema {found}; this one reads {_OLDEST_VERSION} to "
            f"{SCHEMA_VERSION}); move the file away or name another one"
        )
    return found


def _create_or_check(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables in an empty file, bring those of an older version up to date, refuse another program's file.

    Takes the write lock, so that two starts cannot race."""
    connection.execute("BEGIN IMMEDIATE")
    found = _check_version(connection, path, f"journal.path: {path}")
    if found <= 0:
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise UserError(f"journal.path: {path} is another program's SQLite file; name another one")
        for statement in filter(str.strip, _TABLES.split(";")):
            connection.execute(statement)
    elif found < COMPRESSED_SINCE:
        connection.execute("ALTER TABLE publications ADD COLUMN blob_bytes INTEGER")
    if found < RECORDS_SINCE:
        create(connection)
    if found != SCHEMA_VERSION:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")
    if 0 < found < SCHEMA_VERSION:
        log.info("journal %s: brought from schema version %d to %d", path, found, SCHEMA_VERSION)
