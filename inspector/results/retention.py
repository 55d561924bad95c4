"""Deletes the oldest rows in small steps, by age and by bytes, between two commits of the journal's writer.

Commands and what a shadow bundle said go with the publications of their time: by their age, and where the file is too large, with the oldest
publications, so that neither pushes out the other.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter
from datetime import datetime, timezone
from itertools import pairwise

from inspector.config.journal import JournalConfig
from inspector.results.ages import MARK_S, Ages
from inspector.results.clock_watch import ClockWatch
from inspector.results.record_tables import TABLES

log = logging.getLogger(__name__)

_STEP_ROWS = 500
"""Rows deleted at a time: some milliseconds, so that commits are not held up."""
_BETWEEN_STEPS_S = 0.02
_BETWEEN_REPORTS_S = 3600.0
"""On a line that runs for months something is deleted every minute; the log says so once an hour."""


class Retention:
    """Decides when the limits are checked, and deletes one step at a time. Used by the journal's writer thread only.

    The newest publication and the newest command are never deleted."""

    def __init__(self, config: JournalConfig, clock: ClockWatch | None = None) -> None:
        self.clock = clock or ClockWatch()
        self._config = config
        self._keep_s = None if config.keep_days is None else config.keep_days * 86_400
        self._mark_s = MARK_S if self._keep_s is None else min(MARK_S, self._keep_s / 100)
        self._ages: Ages | None = None
        self._deleted = _Deleted(str(config.path))
        self._next_report_s = 0.0
        self._next_s = self.clock.monotonic_s() + min(1.0, config.retention_interval_s)

    def opened(self, connection: sqlite3.Connection) -> str:
        """Begin with a file that was just opened; return what is wrong with the clock, where its newest publication shows it, else an empty
        text. Raises sqlite3.Error."""
        self._ages = Ages(connection, self.clock, self._mark_s)
        newest = connection.execute("SELECT published_unix_ns FROM publications ORDER BY id DESC LIMIT 1").fetchone()
        return self.clock.compare(newest[0]) if newest else ""

    @property
    def age_s(self) -> float:
        """The age of the journal now, with which rows are stored that are no publications."""
        assert self._ages is not None, "opened comes before"
        return self._ages.now_s

    def due_in_s(self) -> float:
        """Time until the next step, seconds; 0 where it is due."""
        return max(0.0, self._next_s - self.clock.monotonic_s())

    def step(self, connection: sqlite3.Connection) -> int:
        """Delete at most a step's worth of rows; return how many. Raises sqlite3.Error."""
        now_s = self.clock.monotonic_s()
        self._next_s = now_s + self._config.retention_interval_s
        deleted = self._delete_expired(connection)
        if deleted < _STEP_ROWS and self._over_bytes(connection):
            deleted += self._shrink(connection, _STEP_ROWS - deleted)
        if deleted >= _STEP_ROWS:
            self._next_s = now_s + _BETWEEN_STEPS_S
        elif now_s >= self._next_report_s and self._deleted.report():
            self._next_report_s = now_s + _BETWEEN_REPORTS_S
        return deleted

    def close(self) -> None:
        """Log what was deleted and not logged yet."""
        self._deleted.report()

    def _over_bytes(self, connection: sqlite3.Connection) -> bool:
        """Free pages of the file are not counted: SQLite uses them before the file grows."""
        if self._config.keep_bytes is None:
            return False
        pages, free, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        return bool((pages - free) * size > self._config.keep_bytes)

    def _delete_expired(self, connection: sqlite3.Connection) -> int:
        assert self._ages is not None, "opened comes before step"
        self._ages.count()
        if self._keep_s is None:
            return 0
        through_id = self._ages.last_older_than(self._keep_s)
        deleted = self._delete(connection, _STEP_ROWS, through_id) if through_id else 0
        if through_id and deleted < _STEP_ROWS:
            self._ages.forget(through_id)
        return deleted + self._delete_records(connection, _STEP_ROWS, self._ages.age_s - self._keep_s)

    def _shrink(self, connection: sqlite3.Connection, rows: int) -> int:
        """Delete the ``rows`` oldest publications, and the records of their time. Where only the newest publication is left, as on an idle
        line, the oldest records."""
        assert self._ages is not None, "opened comes before step"
        deleted = self._delete(connection, rows, 2**62)
        oldest_id = connection.execute("SELECT min(id) FROM publications").fetchone()[0]
        before_s = None if oldest_id is None else self._ages.before(oldest_id)
        if before_s is not None:
            deleted += self._delete_records(connection, rows, before_s)
        return deleted or self._delete_records(connection, rows, self._ages.now_s)

    def _delete_records(self, connection: sqlite3.Connection, rows: int, through_age_s: float) -> int:
        """Delete at most ``rows`` rows of each table that holds no publications, the oldest up to this age, but not the newest command."""
        deleted = 0
        for table in TABLES.values():
            newest = " AND id < (SELECT max(id) FROM commands)" if table == "commands" else ""
            oldest = f"SELECT id FROM {table} WHERE age_s <= ?{newest} ORDER BY age_s, id LIMIT ?"
            gone = connection.execute(f"DELETE FROM {table} WHERE id IN ({oldest})", (through_age_s, rows)).rowcount
            self._deleted.records[table] += gone
            deleted += gone
        return deleted

    def _delete(self, connection: sqlite3.Connection, rows: int, through_id: int) -> int:
        """Delete the ``rows`` oldest rows up to ``through_id``, but not the newest of all."""
        newest = connection.execute("SELECT max(id) FROM publications").fetchone()[0]
        # One more than is deleted: it has to come behind them.
        oldest = connection.execute(
            "SELECT id, published_unix_ns FROM publications WHERE id <= ? ORDER BY id LIMIT ?", (through_id, rows + 1)
        ).fetchall()
        ids = [id_ for id_, _ in oldest]
        if any(after <= id_ for id_, after in pairwise(ids)) or max(ids, default=0) > (newest or 0):
            # SQLite does not look at it. A single wrong one would have rows deleted that are not due, or none any more.
            raise sqlite3.DatabaseError("database disk image is malformed: row ids are out of order")
        due = [row for row in oldest[:rows] if row[0] < newest]
        if not due:
            return 0
        deleted = connection.execute("DELETE FROM publications WHERE id <= ?", (due[-1][0],)).rowcount
        times = [published_ns for _, published_ns in due if isinstance(published_ns, int)]
        self._deleted.add(deleted, min(times, default=0), max(times, default=0))
        return deleted


class _Deleted:
    """What was deleted since the last report."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._rows = 0
        self._span_ns: tuple[int, int] | None = None
        self.records: Counter[str] = Counter()
        """Rows that are no publications, by table."""

    def add(self, rows: int, first_ns: int, last_ns: int) -> None:
        """Count rows that were published between these times."""
        self._rows += rows
        before = self._span_ns or (first_ns, last_ns)
        self._span_ns = min(before[0], first_ns), max(before[1], last_ns)

    def report(self) -> bool:
        """Log it; False where there is nothing."""
        if records := +self.records:
            told = ", ".join(f"{count} {table}" for table, count in sorted(records.items()))
            log.info("journal %s: deleted %s", self._path, told)
            self.records.clear()
        if self._span_ns is None:
            return bool(records)
        first, last = (_utc(unix_ns) for unix_ns in self._span_ns)
        log.info("journal %s: deleted %d publications, published %s to %s", self._path, self._rows, first, last)
        self._rows, self._span_ns = 0, None
        return True


def _utc(unix_ns: int) -> str:
    """Date and time; a row of a damaged file may hold any number."""
    try:
        return datetime.fromtimestamp(unix_ns // 1_000_000_000, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError, TypeError):
        return str(unix_ns)
