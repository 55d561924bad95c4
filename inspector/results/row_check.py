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
_COUNTED = (
    "SELECT count(*) FILTER (WHERE id <= ?4), max(seq) FILTER (WHERE id <= ?4), min(id) FILTER (WHERE id > ?4) "
    f"FROM ({_OF_INDEX})"
)


class RowCheck:
    """For one way through the rows of some streams, range by range, forwards."""

    def __init__(self, connection: sqlite3.Connection, streams: Iterable[int]) -> None:
        self._connection = connection
        self._reached = dict.fromkeys(streams, -1)
        """The last number of each stream in the ranges so far."""
        self._ahead: dict[int, int | None] = dict.fromkeys(self._reached, 0)
        """The id of the next row of each, by the index; None: there is none."""

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

    def _differing(self, stream: int, count: int, after: int, through: int) -> set[int]:
        rows = self._connection.execute(f"{_OF_TABLE.format('id')} AND stream = ?", (after, through, stream))
        entries = self._connection.execute(_OF_INDEX, (stream, self._reached[stream], count + 1))
        return {id_ for (id_,) in rows} ^ {id_ for _, id_ in entries if id_ <= through}
