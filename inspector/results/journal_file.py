"""The journal's SQLite file, as its writer has it open: connecting, inserting, and noticing that the file has gone or is damaged."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from inspector.errors import UserError
from inspector.results.identity import Identity
from inspector.results.journal_damage import SQLITE_ERRORS, in_words, is_damage, set_aside
from inspector.results.journal_rows import COLUMNS, PreparedRow
from inspector.results.journal_schema import SCHEMA_VERSION, open_for_writing
from inspector.results.record_queue import Entry
from inspector.results.record_tables import store
from inspector.results.sole_writer import SoleWriter

log = logging.getLogger(__name__)

_ROWS_PER_INSERT = (16, 4, 1)
"""Rows in one INSERT statement: with fewer statements the interpreter lock changes hands less often. Few sizes, because each is a statement that
SQLite keeps prepared."""
_INTO = ", ".join(("stream", *COLUMNS))
_ONE_ROW = f"({', '.join('?' * (1 + len(COLUMNS)))})"
_OF_THE_ROW = (sqlite3.ProgrammingError, sqlite3.DataError, sqlite3.InterfaceError, sqlite3.IntegrityError)
"""Errors of SQLite that no other disk would help."""
_BETWEEN_ASIDES_S = 600.0
"""A disk that damages every new file as well must not be filled with damaged ones."""


class JournalFile:
    """One connection at a time. Used by the journal's writer thread only."""

    def __init__(self, path: Path, identity: Identity, busy_timeout_ms: int) -> None:
        self.path = path
        self.aside = ""
        """What was set aside last, and why, one line; empty where nothing was."""
        self.aside_at_s = float("-inf")
        """When, monotonic s."""
        self._identity = identity
        self._busy_timeout_ms = busy_timeout_ms
        self._connection: sqlite3.Connection | None = None
        self._inode: tuple[int, int] | None = None
        self._stream_ids: dict[str, int] = {}
        self._sole = SoleWriter(path)

    def connect(self) -> sqlite3.Connection:
        """Open the file, or make it. A damaged journal is set aside, and a new one is begun.

        Raises UserError for a file that is no journal or that somebody else writes, sqlite3.Error or OSError for one that cannot be written now."""
        try:
            return self._connect()
        except SQLITE_ERRORS as error:
            if not self.set_aside_if_damaged(error):
                raise
        return self._connect()

    def connected(self) -> sqlite3.Connection | None:
        """The connection to the file at the path; None where there is none.

        Raises OSError where the file was moved or deleted: SQLite would go on writing to a file that has no name any more."""
        if self._connection is not None and self._at_path() != self._inode:
            raise OSError("the file was moved away or deleted; a new one is begun")
        return self._connection

    def insert(self, connection: sqlite3.Connection, group: Sequence[PreparedRow]) -> None:
        """Commit the group as one transaction. Raises sqlite3.Error."""
        connection.execute("BEGIN IMMEDIATE")
        for rows in _in_inserts(group):
            places = ", ".join([_ONE_ROW] * len(rows))
            # OR IGNORE: a commit that was reported as failed may have reached the disk all the same.
            connection.execute(
                f"INSERT OR IGNORE INTO publications ({_INTO}) VALUES {places}",
                [value for row in rows for value in (self._stream_ids[row.camera], *row.values)],
            )
        connection.execute("COMMIT")

    def store(
        self, connection: sqlite3.Connection, group: Sequence[Entry], age_s: float, *, durable: bool
    ) -> list[Entry]:
        """Commit records as one transaction; return those that can never be stored. ``durable``: they are to survive a power cut, too.

        Raises sqlite3.Error."""
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        refused = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            for entry in group:
                if entry.record is None:  # a trial: it writes a page, and changes nothing
                    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                    continue
                try:
                    store(connection, entry.record, age_s, entry.number)
                except Exception as error:
                    if isinstance(error, SQLITE_ERRORS) and not isinstance(error, _OF_THE_ROW):
                        raise
                    log.error("journal %s: a %s cannot be stored: %s", self.path, type(entry.record).__name__, error)
                    refused.append(entry)
            connection.execute("COMMIT")
        finally:
            if durable and not connection.in_transaction:  # an open one is rolled back, and the connection closed
                connection.execute("PRAGMA synchronous = NORMAL")
        return refused

    def rollback(self) -> None:
        """End an open transaction."""
        try:
            if self._connection is not None and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except SQLITE_ERRORS:
            self.disconnect()

    def disconnect(self) -> None:
        """Close the connection, if there is one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except SQLITE_ERRORS as error:
                log.warning("journal %s: closing failed: %s", self.path, error)

    def close(self) -> None:
        """Close the connection, and let others write the file."""
        self.disconnect()
        self._sole.release()

    def set_aside_if_damaged(self, error: Exception) -> bool:
        """Rename the file where ``error`` says that it is damaged, at most every ``_BETWEEN_ASIDES_S``; False where it was not renamed.

        Raises UserError where it cannot be renamed."""
        if not is_damage(error) or time.monotonic() - self.aside_at_s < _BETWEEN_ASIDES_S:
            return False
        self.disconnect()
        try:
            aside = set_aside(self.path)
        except OSError as problem:
            raise UserError(
                f"journal.path: {self.path} is damaged ({in_words(error)}) and cannot be renamed ({problem.strerror or problem}); move it away"
            ) from None
        self.aside_at_s = time.monotonic()
        self.aside = f"{self.path} was damaged ({in_words(error)}) and is kept as {aside.name}; a new one was begun"
        log.error("journal %s", self.aside)
        return True

    def _connect(self) -> sqlite3.Connection:
        self._sole.take()
        connection = open_for_writing(self.path, self._busy_timeout_ms)
        try:
            self._sole.take()  # of the file, which may have been made only now
            self._stream_ids = {camera: self._stream_id(connection, camera) for camera in self._identity.streams}
        except BaseException:
            connection.close()
            raise
        self._connection, self._inode = connection, self._at_path()
        return connection

    def _stream_id(self, connection: sqlite3.Connection, camera: str) -> int:
        identity = self._identity
        connection.execute(
            "INSERT OR IGNORE INTO streams (epoch, camera, line, simulated, opened_unix_ns) VALUES (?, ?, ?, ?, ?)",
            (identity.epoch, camera, identity.line, identity.simulated, time.time_ns()),
        )
        row = connection.execute("SELECT id FROM streams WHERE epoch = ? AND camera = ?", (identity.epoch, camera))
        return int(row.fetchone()[0])

    def _at_path(self) -> tuple[int, int] | None:
        """Device and inode; None where nothing is there."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino


def _in_inserts(group: Sequence[PreparedRow]) -> Iterator[Sequence[PreparedRow]]:
    """The group in slices of the sizes of ``_ROWS_PER_INSERT``."""
    start = 0
    for size in _ROWS_PER_INSERT:
        while len(group) - start >= size:
            yield group[start : start + size]
            start += size
