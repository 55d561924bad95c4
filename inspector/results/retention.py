"""Deletes the oldest publications in small steps, by age and by bytes, between two commits of the journal's writer."""

from __future__ import annotations

import sqlite3
import time

from inspector.config.journal import JournalConfig

_STEP_ROWS = 500
"""Rows deleted at a time: some milliseconds, so that commits are not held up."""
_BETWEEN_STEPS_S = 0.02


class Retention:
    """Decides when the limits are checked, and deletes one step at a time. Used by the journal's writer thread only."""

    def __init__(self, config: JournalConfig) -> None:
        self._config = config
        self._next_s = time.monotonic() + min(1.0, config.retention_interval_s)

    def due_in_s(self) -> float:
        """Time until the next step, seconds; 0 where it is due."""
        return max(0.0, self._next_s - time.monotonic())

    def step(self, connection: sqlite3.Connection) -> int:
        """Delete at most a step's worth of rows; return how many. Raises sqlite3.Error."""
        self._next_s = time.monotonic() + self._config.retention_interval_s
        deleted = self._delete_expired(connection)
        if deleted < _STEP_ROWS and self._over_bytes(connection):
            deleted += self._delete(connection, _STEP_ROWS - deleted, "")
        if deleted >= _STEP_ROWS:
            self._next_s = time.monotonic() + _BETWEEN_STEPS_S
        return deleted

    def _over_bytes(self, connection: sqlite3.Connection) -> bool:
        """Free pages of the file are not counted: SQLite uses them before the file grows."""
        if self._config.keep_bytes is None:
            return False
        pages, free, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        return bool((pages - free) * size > self._config.keep_bytes)

    def _delete_expired(self, connection: sqlite3.Connection) -> int:
        if self._config.keep_days is None:
            return 0
        oldest_ns = time.time_ns() - round(self._config.keep_days * 86_400e9)
        return self._delete(connection, _STEP_ROWS, f"WHERE published_unix_ns < {oldest_ns}")

    def _delete(self, connection: sqlite3.Connection, rows: int, condition: str) -> int:
        """Delete those of the ``rows`` oldest rows that meet the condition."""
        oldest = f"SELECT id, published_unix_ns FROM publications ORDER BY id LIMIT {rows}"
        return connection.execute(
            f"DELETE FROM publications WHERE id IN (SELECT id FROM ({oldest}) {condition})"
        ).rowcount
