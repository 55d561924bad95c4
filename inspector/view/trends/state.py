"""Keeps what was counted of journals in a file, so that a viewer that is started again does not count it again."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from inspector.errors import UserError
from inspector.results.journal_damage import SQLITE_ERRORS, in_words, is_damage
from inspector.results.sole_writer import SoleWriter

log = logging.getLogger(__name__)

FILE = "trends.sqlite"
_KNOWN = -1
"""The part that is no day."""
_TABLE = "CREATE TABLE IF NOT EXISTS trends (journal TEXT, line TEXT, part INTEGER, content BLOB NOT NULL, PRIMARY KEY (journal, line, part))"


class TrendState:
    """One file, of one viewer. What cannot be kept is counted again: a fault of the disk is logged, and no error."""

    def __init__(self, folder: Path) -> None:
        """Raises UserError where another viewer keeps its file there, or none can be made."""
        self.path = folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"state: {folder} cannot be made ({error.strerror}); name a folder that can be written"
            ) from None
        self._sole = SoleWriter(self.path, "state", f"state: {self.path}")
        self._sole.take()
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()
        self._open()

    def close(self) -> None:
        """Let others have the file."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        self._sole.release()

    def load(self, journal: str, line: str) -> tuple[bytes, dict[int, bytes]]:
        """What is known of a line, and its days; empty where nothing is."""
        rows = self._do("SELECT part, content FROM trends WHERE journal = ? AND line = ?", [(journal, line)])
        parts = {part: content for part, content in rows if isinstance(part, int) and isinstance(content, bytes)}
        return parts.pop(_KNOWN, b""), parts

    def lines(self, journal: str) -> list[str]:
        """The lines of which something is known from a journal."""
        return [str(line) for (line,) in self._do("SELECT DISTINCT line FROM trends WHERE journal = ?", [(journal,)])]

    def save(self, journal: str, line: str, known: bytes, days: Mapping[int, bytes], gone: Iterable[int]) -> None:
        """Keep what is known with the days that changed, all at once."""
        parts = {_KNOWN: known, **days}
        self._do(
            "DELETE FROM trends WHERE journal = ? AND line = ? AND part = ?", [(journal, line, day) for day in gone]
        )
        self._do("INSERT OR REPLACE INTO trends VALUES (?, ?, ?, ?)", [(journal, line, *one) for one in parts.items()])

    def _do(self, statement: str, values: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
        """One transaction; the rows that a query finds."""
        with self._lock:
            if self._connection is None:
                return []
            try:
                with self._connection as connection:
                    return [row for one in values for row in connection.execute(statement, one)]
            except SQLITE_ERRORS as error:
                log.warning("%s: what is counted for trends is not kept (%s)", self.path, in_words(error))
                if is_damage(error):
                    try:
                        self._begin_anew()
                    except UserError as why:
                        log.warning("%s; until then it is kept in memory only", why)
                return []

    def _open(self) -> None:
        try:
            self._connection = sqlite3.connect(self.path, timeout=5, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute(_TABLE)
        except SQLITE_ERRORS as error:
            if not is_damage(error):
                self.close()
                raise UserError(
                    f"state: {self.path} cannot be written ({in_words(error)}); name another folder"
                ) from None
            self._begin_anew()

    def _begin_anew(self) -> None:
        """Everything in it can be counted again."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        try:
            for end in ("", "-wal", "-shm"):
                self.path.with_name(self.path.name + end).unlink(missing_ok=True)
        except OSError as error:
            self.close()
            raise UserError(
                f"state: {self.path} is damaged and cannot be removed ({error.strerror}); remove it, or name another folder"
            ) from None
        log.warning("%s: was damaged and is begun anew", self.path)
        self._open()
