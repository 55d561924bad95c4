"""Reads all rows of a journal behind a row, fast: no masks, and headers only where they are asked for. For counting over many millions of rows.

As `journal_reader` it reads in small pages through a read-only connection, and compares what it read with the index by number.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, cast

from inspector.results.journal_damage import SQLITE_ERRORS, RowError
from inspector.results.journal_reader import UnreadableError
from inspector.results.journal_schema import open_for_reading
from inspector.results.row_check import first_wrong, last_id

PAGE_IDS = 5000
"""Looked through in one read: some 10 ms, in which SQLite cannot merge its write-ahead log."""
_FIELDS = "id, stream, seq, type, frame, verdict, captured_unix_ns, published_unix_ns, body"


BriefRow: TypeAlias = tuple[int, int, int, str, int | None, str | None, int | None, int, bytes]
"""A publication: id, stream, seq, type, frame, verdict, captured_unix_ns, published_unix_ns, body. A plain tuple, which takes half the time of a named
one. SQLite does not enforce the types of columns, so a row of a damaged file may hold anything."""


class Page(NamedTuple):
    """Rows with rising ids, and where the journal is read to with them."""

    rows: list[BriefRow]
    through: int


class BriefStream(NamedTuple):
    """A camera in an epoch."""

    epoch: str
    line: str
    camera: str
    simulated: bool


class BriefReader(AbstractContextManager["BriefReader"]):
    """Reads a journal file; a context manager. From one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Raises UserError for a file that is absent, not a journal, or newer than this program."""
        self.path = path
        self._connection = open_for_reading(path)

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def streams(self) -> dict[int, BriefStream]:
        """By the number that rows name. Raises UnreadableError."""
        rows = self._all("SELECT id, epoch, line, camera, simulated FROM streams")
        return {id_: BriefStream(epoch, line, camera, bool(simulated)) for id_, epoch, line, camera, simulated in rows}

    def lines(self) -> list[str]:
        """The lines that have written into it. Raises UnreadableError."""
        return [str(line) for (line,) in self._all("SELECT DISTINCT line FROM streams ORDER BY line")]

    def span(self) -> tuple[int, int]:
        """The id before the first row, and that of the last. Raises UnreadableError."""
        try:
            last = last_id(self._connection)
        except SQLITE_ERRORS as error:
            raise UnreadableError(self.path, error) from None
        [(first,)] = self._all("SELECT min(id) FROM publications")
        return (0, 0) if first is None or last is None else (first - 1, last)

    def row(self, id_: int) -> BriefRow | None:
        """The row with this id. Raises UnreadableError."""
        found = self._all(f"SELECT {_FIELDS} FROM publications WHERE id = ?", id_)
        return cast(BriefRow, found[0]) if found else None

    def verdict_of(self, stream: int, frame: int) -> BriefRow | None:
        """The row with the verdict of a frame. Raises UnreadableError."""
        found = self._all(
            f"SELECT {_FIELDS} FROM publications WHERE stream = ? AND frame = ? AND verdict IS NOT NULL", stream, frame
        )
        return cast(BriefRow, found[0]) if found else None

    def header(self, id_: int) -> bytes | None:
        """That of a row; None where the row was deleted meanwhile. Raises UnreadableError."""
        found = self._all("SELECT header FROM publications WHERE id = ?", id_)
        return found[0][0] if found else None

    def pages(self, after: int, last: int) -> Iterator[Page]:
        """All rows with ids from ``after`` (exclusive) to ``last``. Raises UnreadableError where the file is damaged, after the rows before the damage."""
        while after < last:
            through = min(last, after + PAGE_IDS)
            rows, failure = self._page(after, through)
            if failure is not None:
                through = rows[-1][0] if rows else after
            if through > after:
                yield Page(rows, through)
            if failure is not None:
                raise UnreadableError(self.path, failure, through)
            after = through

    def _page(self, after: int, through: int) -> tuple[list[BriefRow], Exception | None]:
        rows: list[BriefRow] = []
        before = after
        try:
            self._connection.execute("BEGIN")
            found = self._connection.execute(
                f"SELECT {_FIELDS} FROM publications NOT INDEXED WHERE id > ? AND id <= ?", (after, through)
            )
            for row in found:
                if not after < row[0] <= through:
                    return rows, RowError("rows are out of order")
                after = row[0]
                rows.append(row)
            wrong = None if len(rows) == through - before else first_wrong(self._connection, before, through)
        except (*SQLITE_ERRORS, TypeError) as error:
            return rows, error
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        if wrong is None:
            return rows, None
        return [row for row in rows if row[0] < wrong], RowError(f"row {wrong} is not where it should be")

    def _all(self, query: str, *values: object) -> list[Any]:
        try:
            return self._connection.execute(query, values).fetchall()
        except SQLITE_ERRORS as error:
            raise UnreadableError(self.path, error) from None
