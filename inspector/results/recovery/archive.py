"""The journal's file, as the recovery thread has it open: a read-only connection of its own, opened again where the file was replaced.

Streams are named by line, camera and epoch, never by their ids, which mean something else in the file that takes the place of a damaged one.
Everything read is short, because a long read would keep SQLite from merging the write-ahead log into the file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from inspector.errors import UserError
from inspector.protocol.codec import stream_prefix
from inspector.protocol.recovery import Parts
from inspector.results.journal_damage import SQLITE_ERRORS, RowError, in_words, is_damage
from inspector.results.journal_rows import as_sent, check_number
from inspector.results.journal_schema import COMPRESSED_SINCE, open_for_reading, schema_version
from inspector.results.row_check import first_wrong, last_id

_BUSY_S = 0.1
"""Longest wait for another program's lock on the file."""


class Unavailable(Exception):  # noqa: N818 - it is told to a client, and may be over when it asks again
    """The journal cannot be read now; the text says why, one line."""


class Damaged(Exception):  # noqa: N818 - likewise told to a client
    """The journal is damaged at what was to be read; the text says so, one line."""


class StreamName(NamedTuple):
    """What tells streams apart."""

    line: str
    camera: str
    epoch: str


class StreamRow(NamedTuple):
    """A stream in the journal."""

    id: int
    """Increases in the order in which streams were begun."""
    name: StreamName
    simulated: bool
    opened_unix_ns: int


class Found(NamedTuple):
    """A publication in the journal."""

    id: int
    """Increases in the order of publication."""
    seq: int
    type: str
    frame: int | None
    parts: Parts


class Span(NamedTuple):
    """What was read of a range."""

    rows: dict[int, Parts]
    through: int
    """The last number that was looked at: further ones would have been too many bytes."""


class Page(NamedTuple):
    """What was read of a search."""

    rows: list[Found]
    more: bool
    """Whether further rows may meet the condition."""


_FOUND = "p.id, s.line, s.camera, p.seq, p.type, p.frame, p.header, p.body, p.blob"
_OF_STREAM = "p.stream = (SELECT id FROM streams WHERE line = ? AND camera = ? AND epoch = ?)"


class Archive:
    """For one thread. Every method but ``close`` raises Unavailable and Damaged."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    def keep_open(self) -> None:
        """Have the file at the path open where that is possible; to be called from time to time. On a disk that is full SQLite could not open it
        when it is asked for, because each connection that is the first writes beside it."""
        with suppress(Unavailable, Damaged), self._reading():
            pass

    def close(self) -> None:
        """Close the file."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except SQLITE_ERRORS:
                return  # it was only read

    def streams(self, *, after: int = 0, **wanted: str | None) -> list[StreamRow]:
        """The streams whose columns are as wanted, where that is not None, the oldest first; those with a larger id than ``after``."""
        given = {key: value for key, value in wanted.items() if value is not None}
        condition = " AND ".join(["id > ?", *(f"{key} = ?" for key in given)])
        with self._reading() as connection:
            rows = connection.execute(
                f"SELECT id, line, camera, epoch, simulated, opened_unix_ns FROM streams WHERE {condition} ORDER BY id",
                (after, *given.values()),
            ).fetchall()
            return [_stream_row(row) for row in rows]

    def ends(self, stream: StreamName) -> tuple[int, int] | None:
        """Lowest and highest number of a stream; None where nothing of it is there."""
        return self._pair("p.seq", f"WHERE {_OF_STREAM} ORDER BY p.seq", stream)

    def ids(self, stream: StreamName | None = None) -> tuple[int, int] | None:
        """The ids of the first and the last row of a stream, or of all; None where there is none."""
        if stream is None:
            first = self._number("SELECT p.id FROM publications p ORDER BY p.id LIMIT 1")
            with self._reading() as connection:
                last = last_id(connection)  # by the index: an altered id at the end of the table is not the last one
            return None if first is None or last is None else (first, last)
        return self._pair("p.id", f"WHERE {_OF_STREAM} ORDER BY p.seq", stream)

    def next_from(self, stream: StreamName, first: int) -> int | None:
        """The lowest number of a stream from ``first`` on."""
        return self._number(
            f"SELECT p.seq FROM publications p WHERE {_OF_STREAM} AND p.seq >= ? ORDER BY p.seq LIMIT 1", *stream, first
        )

    def gap_over(self, stream: StreamName, frame: int) -> tuple[int, bytes] | None:
        """First frame and body of the last verdict before ``frame`` in a stream, where it is a gap; only that one can reach to it."""
        with self._reading() as connection:
            row = connection.execute(
                f"SELECT p.type, p.frame, p.body FROM publications p WHERE {_OF_STREAM} AND p.frame < ? AND p.frame IS NOT NULL "
                "AND p.verdict IS NOT NULL ORDER BY p.frame DESC LIMIT 1",
                (*stream, frame),
            ).fetchone()
        return (row[1], row[2]) if row is not None and row[0] == "gap" and isinstance(row[2], bytes) else None

    def span(self, stream: StreamName, first: int, last: int, room: int) -> Span:
        """What is there of a stream from number ``first`` to ``last``, up to ``room`` bytes; a larger one is read where it is the first."""
        rows: dict[int, Parts] = {}
        size = 0
        with self._reading() as connection:
            condition = f"{_OF_STREAM} AND p.seq BETWEEN ? AND ? ORDER BY p.seq"
            for row in _select(connection, condition, (*stream, first, last)):
                size += _size(row)
                if rows and size > room:
                    return Span(rows, row[3] - 1)
                found = _found(row)
                rows[found.seq] = found.parts
        return Span(rows, last)

    def page(self, condition: str, values: Sequence[object], limit: int, room: int) -> Page:
        """At most ``limit`` rows that meet an SQL condition, in the order of publication, up to ``room`` bytes and at least one."""
        rows: list[Found] = []
        size = 0
        with self._reading() as connection:
            # One more, which has to come behind them: where a page ends, the search goes on behind its last id.
            for row in _select(connection, f"{condition} ORDER BY p.id LIMIT ?", (*values, limit + 1)):
                found = _found(row)
                if rows and found.id <= rows[-1].id:
                    raise RowError("rows are out of order")
                size += _size(row)
                if rows and (size > room or len(rows) == limit):
                    return Page(rows, True)
                rows.append(found)
        return Page(rows, False)

    def check(self, after: int, through: int, *, to_end: bool) -> None:
        """Raise Damaged where a search by id from ``after`` (exclusive) to ``through`` leaves rows out. ``to_end``: this is the id of the last row."""
        with self._reading() as connection:
            wrong = first_wrong(connection, after, through)
            if wrong is None and to_end and (last := last_id(connection)) != through:
                wrong = last
            if wrong is not None:
                raise RowError(f"row {wrong} is not where it should be")

    @contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """All that is read inside is of one moment, and of one file."""
        with self._reading() as connection:
            connection.execute("BEGIN")
            try:
                yield
            finally:
                if self._connection is connection and connection.in_transaction:
                    connection.execute("ROLLBACK")

    def _pair(self, column: str, order: str, values: Sequence[object]) -> tuple[int, int] | None:
        first, last = (
            self._number(f"SELECT {column} FROM publications p {order} {way} LIMIT 1", *values)
            for way in ("ASC", "DESC")
        )
        return None if first is None or last is None else (first, last)

    def _number(self, query: str, *values: object) -> int | None:
        with self._reading() as connection:
            row = connection.execute(query, values).fetchone()
            if row is None:
                return None
            if not isinstance(row[0], int):
                raise RowError("a number is something else")
            return row[0]

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """The connection; what SQLite says is made to what a client is told."""
        name = f"journal {self._path.name}"
        try:
            yield self._connected()
        except UserError as error:
            self.close()
            raise Unavailable(str(error)) from None
        except RowError as error:
            raise Damaged(f"{name}: is damaged ({error})") from None
        except SQLITE_ERRORS as error:
            if is_damage(error):
                raise Damaged(f"{name}: is damaged ({in_words(error)})") from None
            self.close()
            raise Unavailable(f"{name}: cannot be read now ({in_words(error)})") from None
        except OSError as error:
            self.close()
            raise Unavailable(f"{name}: cannot be read now ({error.strerror or error})") from None

    def _connected(self) -> sqlite3.Connection:
        if self._connection is not None and self._connection.in_transaction:
            return self._connection
        status = self._path.stat()
        file = status.st_dev, status.st_ino
        if self._connection is not None and file != self._file:
            self.close()
        if self._connection is None:
            self._connection = open_for_reading(self._path, _BUSY_S)
            self._file = file
        return self._connection


def _select(connection: sqlite3.Connection, condition: str, values: Sequence[object]) -> Iterator[Any]:
    # Asked each time: the journal's writer may bring a file up to date that somebody has put in the place of the one before.
    blob_bytes = "p.blob_bytes" if schema_version(connection) >= COMPRESSED_SINCE else "NULL"
    return connection.execute(
        f"SELECT {_FOUND}, {blob_bytes} FROM publications p CROSS JOIN streams s ON s.id = p.stream WHERE {condition}",
        values,
    )


def _size(row: Any) -> int:
    """Bytes of a row's parts, as far as its columns can be believed; the others are found when it is read."""
    *_, header, body, blob, blob_bytes = row
    told = blob_bytes if isinstance(blob_bytes, int) else 0
    return sum(len(part) for part in (header, body, blob) if isinstance(part, (bytes, str))) + max(0, told)


def _found(row: Any) -> Found:
    """Raises RowError where the file is damaged and holds something else: SQLite does not enforce the types of its columns."""
    id_, line, camera, seq, kind, frame, header, body, blob, blob_bytes = row
    blob = b"" if blob is None else blob
    if not (
        all(isinstance(one, int) for one in (id_, seq))
        and all(isinstance(one, str) for one in (line, camera, kind))
        and isinstance(frame, (int, type(None)))
        and all(isinstance(one, bytes) for one in (header, body, blob))
    ):
        raise RowError("a row holds values of other types")
    check_number(header, seq)
    topic = f"{stream_prefix(line, camera)}{kind}"
    return Found(id_, seq, kind, frame, Parts(topic.encode(), header, body, as_sent(blob, blob_bytes)))


def _stream_row(row: Any) -> StreamRow:
    id_, line, camera, epoch, simulated, opened = row
    if not all(isinstance(one, int) for one in (id_, simulated, opened)) or not all(
        isinstance(one, str) for one in (line, camera, epoch)
    ):
        raise RowError("a stream holds values of other types")
    return StreamRow(id_, StreamName(line, camera, epoch), bool(simulated), opened)
