"""How old the rows in a journal are: counted, not read off the wall clock (docs/decisions/0015-retention-and-the-clock.md).

The journal has an age, in seconds, that grows with the monotonic clock while the line runs. From time to time a mark notes which
publication was the last one at which age; what was published before a mark is at least as old as the mark. So it does not matter what
time a publication was dated with, or which way the clock jumped.
"""

from __future__ import annotations

import sqlite3

from inspector.results.clock_watch import STANDS_S, ClockWatch
from inspector.results.record_tables import TABLES

MARK_S = 60.0
"""Longest time between two marks, and so the accuracy of an age."""
MOST_OFF_S = 3 * 86_400.0
"""While the line was off only the wall clock ran: at most so much of that is counted, so that one wrong clock never ages a whole journal."""

_TABLES = (
    "CREATE TABLE IF NOT EXISTS age (one INTEGER PRIMARY KEY CHECK (one = 1), age_s REAL NOT NULL, unix_ns INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS age_marks (last_id INTEGER PRIMARY KEY, age_s REAL NOT NULL)",
)


class Ages:
    """Counts the age of the journal behind one connection, and keeps the marks in it."""

    def __init__(self, connection: sqlite3.Connection, clock: ClockWatch, mark_s: float = MARK_S) -> None:
        """Take up the count where the file's last one ended. Raises sqlite3.Error."""
        self._connection = connection
        self._clock = clock
        self._mark_s = mark_s
        for table in _TABLES:
            connection.execute(table)
        connection.execute("DELETE FROM age_marks WHERE last_id > ?", (self._newest_id(),))
        before = connection.execute("SELECT age_s, unix_ns FROM age").fetchone()
        self.age_s: float = before[0] if before else 0.0
        self._off_since_ns: int | None = before[1] if before else None
        """Wall-clock time at which the count ended, until the time that the line was off is counted."""
        self._began_s = self._counted_s = clock.monotonic_s()
        self._marked_s: float | None = None
        for table in TABLES.values():
            # Where the count was begun anew, as in a file that another program has written, these would never become old.
            connection.execute(f"UPDATE {table} SET age_s = ? WHERE age_s > ?", (self.age_s, self.age_s))

    @property
    def now_s(self) -> float:
        """The age of the journal at this moment, seconds."""
        return self.age_s + self._clock.monotonic_s() - self._counted_s

    def count(self) -> None:
        """Add the time that has passed, and set a mark where one is due. Raises sqlite3.Error."""
        now_s = self._clock.monotonic_s()
        self.age_s += now_s - self._counted_s
        self._counted_s = now_s
        if self._off_since_ns is not None and self._clock.stood_s >= STANDS_S:
            off_s = (self._clock.wall_ns() - self._off_since_ns) / 1e9 - (now_s - self._began_s)
            self.age_s += min(max(0.0, off_s), MOST_OFF_S)
            self._off_since_ns = None
        if self._marked_s is None or now_s - self._marked_s >= self._mark_s:
            self._marked_s = now_s
            now = (self.age_s, self._clock.wall_ns())
            self._connection.execute("INSERT OR REPLACE INTO age (one, age_s, unix_ns) VALUES (1, ?, ?)", now)
            # Where nothing was published since the last mark, that one stays.
            mark = (self._newest_id(), self.age_s)
            self._connection.execute("INSERT OR IGNORE INTO age_marks (last_id, age_s) VALUES (?, ?)", mark)

    def last_older_than(self, age_s: float) -> int:
        """Id of the last publication that is certainly older; 0 where there is none. Raises sqlite3.Error."""
        found = self._connection.execute("SELECT max(last_id) FROM age_marks WHERE age_s <= ?", (self.age_s - age_s,))
        return int(found.fetchone()[0] or 0)

    def before(self, oldest_id: int) -> float | None:
        """An age at which only publications before ``oldest_id`` were there; None where none is known. Raises sqlite3.Error."""
        found = self._connection.execute("SELECT max(age_s) FROM age_marks WHERE last_id < ?", (oldest_id,)).fetchone()
        return None if found[0] is None else float(found[0])

    def forget(self, through_id: int) -> None:
        """Drop the marks of publications that are deleted, except the last of them. Raises sqlite3.Error."""
        self._connection.execute(
            "DELETE FROM age_marks WHERE last_id < (SELECT max(last_id) FROM age_marks WHERE last_id <= ?)",
            (through_id,),
        )

    def _newest_id(self) -> int:
        return int(self._connection.execute("SELECT max(id) FROM publications").fetchone()[0] or 0)
