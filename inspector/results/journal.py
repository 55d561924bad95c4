"""Writes the journal: one thread, one connection, group commit. No other thread waits for the disk.

``append`` only queues; the order of the queue is the order of publication. The thread commits the queued rows as one
transaction. While SQLite refuses (disk full, read-only, locked) or hangs, rows wait in memory up to a limit and the
commit is tried again and again; beyond the limits rows are dropped and counted. ``trouble`` describes the problem.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import msgspec

from inspector.config.journal import JournalConfig
from inspector.errors import UserError
from inspector.results.identity import Identity
from inspector.results.journal_schema import open_for_writing
from inspector.results.publication import Publication
from inspector.results.retention import Retention

log = logging.getLogger(__name__)

_ROWS_PER_INSERT = (16, 4, 1)
"""Rows in one INSERT statement: with fewer statements the interpreter lock changes hands less often. Few sizes, because each is a statement that
SQLite keeps prepared."""
_STALLED_S = 2.0
"""A commit that takes longer counts as trouble."""
_COLUMNS = "stream, seq, type, run, frame, verdict, captured_unix_ns, published_unix_ns, header, body, blob"
_ONE_ROW = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


class JournalState(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the journal."""

    path: str
    error: str = ""
    """Why the last commit failed; empty where it did not."""
    committed: int = 0
    commits: int = 0
    waiting: int = 0
    not_journaled: int = 0
    """Publications dropped because the disk was too slow or refused them."""


class Journal:
    """Keeps the publications of one epoch in an SQLite file. ``append`` from one thread, the rest from any."""

    def __init__(self, config: JournalConfig, identity: Identity) -> None:
        if config.path is None:
            raise ValueError("a journal needs a path")
        self.path = Path(config.path)
        self._config = config
        self._identity = identity
        self._queue: deque[Publication] = deque()
        self._group: list[Publication] = []
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._retention = Retention(config)
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._stream_ids: dict[str, int] = {}
        self._error = ""
        self._busy_since_s: float | None = None
        self._committed = self._commits = self._let_go = 0
        self._rows_in = self._rows_out = self._bytes_in = self._bytes_out = 0
        """Rows queued and rows done; each is counted by one thread only, and the difference is what still waits."""

    def open(self) -> None:
        """Open or make the file and start the writer. Raises UserError naming ``journal.path``."""
        try:
            self._connect()
        except (sqlite3.Error, OSError) as error:
            raise UserError(
                f"journal.path: {self.path} cannot be written ({error}); make it writable, name another file, "
                "or set journal.path: null to run without a journal"
            ) from None
        self._thread.start()

    def append(self, publication: Publication) -> None:
        """Queue a row; never blocks."""
        if self._full():
            self._let_go += 1
            return
        self._rows_in += 1
        self._bytes_in += publication.size
        self._queue.append(publication)
        if not self._wake.is_set():
            self._wake.set()

    def state(self) -> JournalState:
        """The state of the journal now."""
        return JournalState(
            path=str(self.path),
            error=self._error,
            committed=self._committed,
            commits=self._commits,
            waiting=self._waiting(),
            not_journaled=self._let_go,
        )

    def trouble(self) -> str:
        """Why publications cannot be stored now, one line; empty while they can."""
        if self._error:
            return f"{self.path}: {self._error}"
        busy_since_s = self._busy_since_s
        if (
            busy_since_s is not None
            and time.monotonic() - busy_since_s > _STALLED_S + self._config.busy_timeout_ms / 1000
        ):
            return f"{self.path}: the disk does not answer"
        if self._full():
            return f"{self.path}: the disk is slower than the line"
        return ""

    def close(self, timeout_s: float) -> bool:
        """Commit what waits and close the file; False, with a log entry, where that took longer than ``timeout_s``."""
        self._closing.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        if self._thread.is_alive() or self._waiting():
            lost, reason = self._waiting() + self._let_go, self._error or "the disk does not answer"
            log.error("journal %s: %d publications were not journaled: %s", self.path, lost, reason)
            return False
        return True

    def _waiting(self) -> int:
        return self._rows_in - self._rows_out

    def _full(self) -> bool:
        config = self._config
        return (
            self._waiting() >= config.max_waiting or self._bytes_in - self._bytes_out >= config.max_waiting_mib * 2**20
        )

    def _run(self) -> None:
        while not (self._closing.is_set() and not self._waiting()):
            self._wake.wait(self._retention.due_in_s())
            # Cleared before the queue is read: a row appended from here on sets it again.
            self._wake.clear()
            if self._waiting():
                self._closing.wait(self._config.commit_interval_ms / 1000)
            ok = self._commit_all()
            if self._closing.is_set():
                if not ok:
                    break
            elif not ok or (self._retention.due_in_s() <= 0 and not self._trim()):
                self._closing.wait(self._config.retry_ms / 1000)
                self._wake.set()
        self._disconnect()

    def _commit_all(self) -> bool:
        """Commit group by group until nothing waits; False where the disk refused."""
        while self._take_group():
            self._busy_since_s = time.monotonic()
            try:
                self._commit(self._group)
                self._committed += len(self._group)
                self._commits += 1
            except (sqlite3.ProgrammingError, sqlite3.DataError, OverflowError):
                # A row that SQLite cannot store would fail for ever and block all later rows.
                log.exception("journal %s: a group of %d publications cannot be stored", self.path, len(self._group))
                self._rollback()
                self._let_go += len(self._group)
            except (sqlite3.Error, OSError, UserError) as error:
                self._failed(error)
                return False
            finally:
                self._busy_since_s = None
            self._rows_out += len(self._group)
            self._bytes_out += sum(row.size for row in self._group)
            self._group = []
            if self._error:
                self._recovered()
        return True

    def _take_group(self) -> bool:
        """Move queued rows into the group, which is kept until it is committed; False where nothing is queued."""
        while self._queue and len(self._group) < self._config.max_group:
            self._group.append(self._queue.popleft())
        return bool(self._group)

    def _commit(self, group: list[Publication]) -> None:
        connection = self._connected()
        connection.execute("BEGIN IMMEDIATE")
        for rows in _in_inserts(group):
            places = ", ".join([_ONE_ROW] * len(rows))
            # OR IGNORE: a commit that was reported as failed may have reached the disk all the same.
            connection.execute(
                f"INSERT OR IGNORE INTO publications ({_COLUMNS}) VALUES {places}",
                [value for row in rows for value in self._values(row)],
            )
        connection.execute("COMMIT")

    def _values(self, row: Publication) -> Iterator[object]:
        yield self._stream_ids[row.camera]
        yield row.seq
        yield row.type.value
        yield row.run
        yield row.frame
        yield row.verdict
        yield row.captured_unix_ns
        yield row.published_unix_ns
        yield row.header
        yield row.body
        yield row.blob or None

    def _connected(self) -> sqlite3.Connection:
        """The connection to the file at the path, opened where there is none.

        Raises OSError where the file was moved or deleted: SQLite would go on writing to a file that has no name any more.
        """
        if self._connection is None:
            return self._connect()
        if self._file_at_path() != self._file:
            raise OSError("the file was moved away or deleted; a new one is begun")
        return self._connection

    def _file_at_path(self) -> tuple[int, int] | None:
        """Device and inode; None where nothing is there."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def _connect(self) -> sqlite3.Connection:
        connection = open_for_writing(self.path, self._config.busy_timeout_ms)
        try:
            self._stream_ids = {camera: self._stream_id(connection, camera) for camera in self._identity.cameras}
        except BaseException:
            connection.close()
            raise
        self._connection, self._file = connection, self._file_at_path()
        return connection

    def _stream_id(self, connection: sqlite3.Connection, camera: str) -> int:
        identity = self._identity
        connection.execute(
            "INSERT OR IGNORE INTO streams (epoch, camera, line, simulated, opened_unix_ns) VALUES (?, ?, ?, ?, ?)",
            (identity.epoch, camera, identity.line, identity.simulated, time.time_ns()),
        )
        row = connection.execute("SELECT id FROM streams WHERE epoch = ? AND camera = ?", (identity.epoch, camera))
        return int(row.fetchone()[0])

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except sqlite3.Error as error:
                log.warning("journal %s: closing failed: %s", self.path, error)

    def _rollback(self) -> None:
        try:
            if self._connection is not None and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._disconnect()

    def _failed(self, error: Exception) -> None:
        """Record the failure and close the connection; the next commit opens a new one."""
        self._rollback()
        self._disconnect()
        first, self._error = not self._error, str(error)
        if first:
            log.error(
                "journal %s: %s; publishing goes on, trying again every %d ms", self.path, error, self._config.retry_ms
            )

    def _recovered(self) -> None:
        self._error = ""
        log.warning("journal %s: written again; %d publications were not journaled", self.path, self._let_go)

    def _trim(self) -> bool:
        """One small step of retention, after a commit. False where the disk refused."""
        try:
            self._retention.step(self._connected())
        except (sqlite3.Error, OSError, UserError) as error:
            self._failed(error)
            return False
        if self._error:
            self._recovered()
        return True


def _in_inserts(group: list[Publication]) -> Iterator[list[Publication]]:
    """The group in slices of the sizes of ``_ROWS_PER_INSERT``."""
    start = 0
    for size in _ROWS_PER_INSERT:
        while len(group) - start >= size:
            yield group[start : start + size]
            start += size
