"""Whether rows that were read by their ids are all there: the table is compared with the index by number, which lies on other pages.

SQLite does not look at whether the ids in a page are in order. One bit that has turned in an id ends a search by id early, or makes it leave rows
out, and no error comes of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

_OF_TABLE = "SELECT {} FROM publications NOT INDEXED WHERE id > ? AND id <= ?"
_OF_INDEX = (
    "SELECT seq, id FROM publications INDEXED BY publications_seq WHERE stream = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3"
)
_LAST_OF_INDEX = "SELECT seq, id FROM publications INDEXED BY publications_seq WHERE stream = ? AND seq <= ? ORDER BY seq DESC LIMIT 1"
_COUNTED = (
    "SELECT count(*) FILTER (WHERE id <= ?4), max(seq) FILTER (WHERE id <= ?4), min(id) FILTER (WHERE id > ?4) "
    f"FROM ({_OF_INDEX})"
)


def first_wrong(connection: sqlite3.Connection, after: int, through: int) -> int | None:
    """As that of a `RowCheck`, for a single range and the rows of all streams. Where no id is left out, the index need not be looked at."""
    (count,) = connection.execute(_OF_TABLE.format("count(*)"), (after, through)).fetchone()
    return None if count == through - after else RowCheck.behind(connection, after).first_wrong(after, through)


def last_id(connection: sqlite3.Connection) -> int | None:
    """The id of the last row, by the index. Raises sqlite3.Error."""
    last = (
        "SELECT p.id FROM publications p INDEXED BY publications_seq WHERE p.stream = s.id ORDER BY p.seq DESC LIMIT 1"
    )
    (found,) = connection.execute(f"SELECT max(({last})) FROM streams s").fetchone()
    return None if found is None else int(found)


class RowCheck:
    """For one way through the rows of some streams, range by range, forwards."""

    def __init__(self, connection: sqlite3.Connection, streams: Iterable[int]) -> None:
        self._connection = connection
        self._reached = dict.fromkeys(streams, -1)
        """The last number of each stream in the ranges so far."""
        self._ahead: dict[int, int | None] = dict.fromkeys(self._reached, 0)
        """The id of the next row of each, by the index; None: there is none."""

    @classmethod
    def behind(cls, connection: sqlite3.Connection, after: int, streams: Iterable[int] | None = None) -> RowCheck:
        """For the rows of some streams, or of all, behind an id. Raises sqlite3.Error."""
        if streams is None:
            streams = (id_ for (id_,) in connection.execute("SELECT id FROM streams"))
        check = cls(connection, streams)
        for stream in check._reached:
            check._reached[stream] = check._last_before(stream, after)
        return check

    def first_wrong(self, after: int, through: int) -> int | None:
        """The lowest id from ``after`` (exclusive) to ``through`` that only one of table and index knows; None: there is none.

        To be called in the transaction in which the rows were read. Raises sqlite3.Error."""
        counted = self._connection.execute(
            f"{_OF_TABLE.format('stream, count(*)')} GROUP BY stream", (after, through)
        ).fetchall()
        of_table = dict(counted)
        wrong: set[int] = set()
        for stream, reached in self._reached.items():
            count, ahead = of_table.get(stream, 0), self._ahead[stream]
            if not count and (ahead is None or ahead > through):
                continue
            # One more than the table has: where it is in the range too, the table lacks one.
            found, last, self._ahead[stream] = self._connection.execute(
                _COUNTED, (stream, reached, count + 1, through)
            ).fetchone()
            if found != count:
                wrong |= self._differing(stream, count, after, through)
            elif last is not None:
                self._reached[stream] = last
        return min(wrong, default=None)

    def first_other(self, rows: Iterable[tuple[int, str, str, int]]) -> int | None:
        """Of rows that were found through another index, each with id, epoch, camera and number, the id of the first that is not the row of this
        number; None: all are. As ``first_wrong``."""
        query = (
            "SELECT p.id FROM streams s JOIN publications p INDEXED BY publications_seq ON p.stream = s.id "
            "WHERE s.epoch = ? AND s.camera = ? AND p.seq = ?"
        )
        return next((id_ for id_, *named in rows if self._connection.execute(query, named).fetchone() != (id_,)), None)

    def _last_before(self, stream: int, after: int) -> int:
        """A number up to which the rows of a stream have ids up to ``after``, and no more of them have: the two increase together."""
        low, high = -1, 2**63 - 1
        while low < high:
            middle = low + (high - low + 1) // 2
            row = self._connection.execute(_LAST_OF_INDEX, (stream, middle)).fetchone()
            if row is None:
                low = middle
            elif row[1] <= after:
                if row[0] < middle and high == 2**63 - 1:
                    return int(row[0])  # the last row of all
                low = middle
            else:
                high = row[0] - 1
        return low

    def _differing(self, stream: int, count: int, after: int, through: int) -> set[int]:
        rows = self._connection.execute(f"{_OF_TABLE.format('id')} AND stream = ?", (after, through, stream))
        entries = self._connection.execute(_OF_INDEX, (stream, self._reached[stream], count + 1))
        return {id_ for (id_,) in rows} ^ {id_ for _, id_ in entries if id_ <= through}
