"""The tables of the archive's index, and opening and checking its file.

``entries`` holds what is filtered by, and little else, so that all of a million rows are looked through in a fraction of a second; the whole
entry is in ``contents``. ``totals`` is kept by triggers: whoever changes a row, the sums are right.
"""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack
from pathlib import Path

from inspector.errors import UserError
from inspector.results.journal_damage import SQLITE_ERRORS, in_words, is_damage, may_be_ours

SCHEMA_VERSION = 2
"""Version 1 has no reviews; it is read as it is, and gets their tables when it is opened for writing."""
_APPLICATION_ID = 0x49415243
"""Tells an archive's index from other SQLite files of this program."""
_SUM = """
    INSERT OR IGNORE INTO totals VALUES ({row}.evidence, 0, 0, 0, 0);
    UPDATE totals SET entries = entries {sign} 1, bytes = bytes {sign} {row}.bytes, lost = lost {sign} {row}.lost,
        protected_bytes = protected_bytes {sign} {row}.bytes * {row}.protected WHERE evidence = {row}.evidence;
"""
_ADD, _TAKE = _SUM.format(row="NEW", sign="+"), _SUM.format(row="OLD", sign="-")
_TABLES = """
CREATE TABLE entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run TEXT,
    line TEXT NOT NULL,
    camera TEXT NOT NULL,
    epoch TEXT NOT NULL,
    frame INTEGER NOT NULL,
    evidence TEXT NOT NULL,
    verdict TEXT NOT NULL,
    captured_unix_ns INTEGER NOT NULL,
    added_unix_ns INTEGER NOT NULL,
    score REAL,
    worth REAL NOT NULL,
    bytes INTEGER NOT NULL,
    protected INTEGER NOT NULL,
    lost INTEGER NOT NULL
);
CREATE INDEX entries_frame ON entries (epoch, camera, frame);
CREATE INDEX entries_run ON entries (run, id);
CREATE INDEX entries_to_delete ON entries (evidence, id) WHERE protected = 0;
CREATE TABLE contents (
    id INTEGER PRIMARY KEY,
    stem TEXT NOT NULL UNIQUE,
    entry BLOB NOT NULL
);
CREATE TABLE classes (
    class TEXT NOT NULL,
    id INTEGER NOT NULL,
    PRIMARY KEY (class, id)
) WITHOUT ROWID;
CREATE TABLE deletions (
    number INTEGER PRIMARY KEY,
    id INTEGER NOT NULL UNIQUE,
    run TEXT,
    camera TEXT NOT NULL,
    frame INTEGER NOT NULL,
    evidence TEXT NOT NULL,
    verdict TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    why TEXT NOT NULL,
    deleted_unix_ns INTEGER NOT NULL,
    stem TEXT NOT NULL
);
CREATE TABLE protected_runs (run TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE totals (
    evidence TEXT PRIMARY KEY,
    entries INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    protected_bytes INTEGER NOT NULL,
    lost INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_REVIEWS = """
CREATE TABLE reviews (
    id INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    review BLOB NOT NULL,
    PRIMARY KEY (id, revision)
) WITHOUT ROWID;
CREATE TABLE reviewed (
    id INTEGER PRIMARY KEY,
    dismissed INTEGER NOT NULL
);
"""
"""All reviews; and the entries whose last one was not undone."""
_TRIGGERS = (
    f"CREATE TRIGGER entries_added AFTER INSERT ON entries BEGIN {_ADD} END",
    f"CREATE TRIGGER entries_deleted AFTER DELETE ON entries BEGIN {_TAKE} END",
    f"CREATE TRIGGER entries_changed AFTER UPDATE ON entries BEGIN {_TAKE} {_ADD} END",
)


def open_for_writing(path: Path, busy_timeout_ms: int = 5000) -> sqlite3.Connection:
    """Open the index at ``path`` for explicit transactions (BEGIN); created where there is none.

    Raises UserError for a file that is not an archive's index or is newer than this program; sqlite3.Error for one that is busy or damaged.
    """
    connection = sqlite3.connect(path, timeout=busy_timeout_ms / 1000, isolation_level=None)
    try:
        _check_version(connection, path)
        if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
            raise UserError(f"archive {path}: is on a file system without SQLite's WAL mode; choose a local disk")
        # A power cut may cost the last rows, never the file: entries whose rows are lost are found again by their files.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        _create_or_check(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def open_for_reading(path: Path, timeout_s: float = 5.0) -> sqlite3.Connection:
    """A read-only connection, which may be used while the archive is written. Raises UserError."""
    if not path.is_file():
        raise UserError(f"archive {path.parent}: holds no {path.name}; name the folder that `archive.path` names")
    with ExitStack() as opened:
        try:
            address = f"{path.resolve().as_uri()}?mode=ro"
            connection = sqlite3.connect(address, uri=True, timeout=timeout_s, isolation_level=None)
            opened.callback(connection.close)
            found = _check_version(connection, path)
        except SQLITE_ERRORS as error:
            raise UserError(f"archive {path}: {why_unusable(error)}") from None
        if found <= 0:
            raise UserError(f"archive {path}: holds no archive yet; it is only just being made, or it is another file")
        opened.pop_all()  # from here on the caller closes it
        return connection


def why_unusable(error: BaseException, what: str = "cannot be read") -> str:
    """What a person is told where SQLite cannot read the index, or cannot write it."""
    if is_damage(error):
        return (
            f"is damaged ({in_words(error)}); the next start of its line, or `inspector archive check --mend`, "
            "makes it again from the files"
        )
    advice = (
        "its folder must be writable for the reader too"
        if what == "cannot be read"
        else "look whether its disk is full or fails"
    )
    return f"{what} ({in_words(error)}); {advice}"


def _check_version(connection: sqlite3.Connection, path: Path) -> int:
    try:
        found = int(connection.execute("PRAGMA user_version").fetchone()[0])
        kind = int(connection.execute("PRAGMA application_id").fetchone()[0])
    except SQLITE_ERRORS as error:
        if is_damage(error) and not may_be_ours(path, SCHEMA_VERSION):
            raise UserError(
                f"archive {path}: is not an SQLite file; move it away, and the index is made again from the files"
            ) from None
        raise
    if found and kind != _APPLICATION_ID:
        raise UserError(f"archive {path}: is another program's SQLite file; name another folder")
    if found > SCHEMA_VERSION:
        raise UserError(
            f"archive {path}: has schema version {found}, this program knows version {SCHEMA_VERSION}; "
            "use the newer program or name another folder"
        )
    return found


def _create_or_check(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables in an empty file, or those that an older one lacks. Takes the write lock, so that two starts cannot race."""
    connection.execute("BEGIN IMMEDIATE")
    found = _check_version(connection, path)
    if found <= 0:
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise UserError(f"archive {path}: is another program's SQLite file; name another folder")
        for statement in (*filter(str.strip, _TABLES.split(";")), *_TRIGGERS):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    if found < SCHEMA_VERSION:
        for statement in filter(str.strip, _REVIEWS.split(";")):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")
