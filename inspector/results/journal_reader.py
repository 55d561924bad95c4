"""Reads the journal through a read-only connection, also while a daemon writes.

Rows are read in small pages, because a long read would keep SQLite from merging the write-ahead log into the file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec

from inspector.errors import UserError
from inspector.frames.outcome import Verdict
from inspector.protocol.codec import decode_header
from inspector.protocol.messages import Header, MessageType
from inspector.results.command_record import CommandRecord
from inspector.results.journal_damage import SQLITE_ERRORS, RowError, in_words, is_damage
from inspector.results.journal_schema import COMPRESSED_SINCE, NOT_PASSED, open_for_reading, schema_version
from inspector.results.record_reader import R, read_records
from inspector.results.row_check import RowCheck
from inspector.results.shadow_record import Comparison, Disagreement
from inspector.results.stored_row import FIELDS, Row, StreamInfo, row_of

_PAGE_ROWS = 500
_PAGE_IDS = 20_000
"""That are looked through for one page."""
_LAST_ID = 2**63 - 1
_LOST_BEHIND = 200
"""The last messages that are looked through for an encoder's count: those of lost frames have none."""


class UnreadableError(UserError):
    """The journal cannot be read to its end; the message names the file and the reason."""

    def __init__(self, path: Path, error: Exception, behind: int | None = None) -> None:
        """``behind`` is the id of the last row that could be read, where rows are read in order."""
        self.behind = behind
        # Text that is not UTF-8 is an OperationalError, and a value of another type none of SQLite's at all.
        is_damaged = is_damage(error) or not isinstance(error, sqlite3.Error) or "decode" in str(error)
        where = "" if behind is None else f" behind row {behind}"
        problem = (
            f"is damaged ({in_words(error)}){where}" if is_damaged else f"cannot be read{where} ({in_words(error)})"
        )
        super().__init__(f"journal {path}: {problem}")


class JournalReader(AbstractContextManager["JournalReader"]):
    """Reads a journal file; a context manager. From one thread at a time."""

    def __init__(self, path: Path | str) -> None:
        """Raises UserError for a file that is absent, not a journal, or newer than this program."""
        self.path = Path(path)
        self._connection = open_for_reading(self.path)
        self._compressed = False
        """Whether the file had the column ``blob_bytes`` when it was last looked at."""

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def streams(self) -> list[StreamInfo]:
        """The streams that still have rows, oldest first."""
        ends = "SELECT {}(seq) FROM publications WHERE stream = s.id"
        found = self._query(
            "SELECT epoch, line, camera, simulated, opened_unix_ns, "
            f"({ends.format('min')}), ({ends.format('max')}) FROM streams s ORDER BY id"
        )
        keys = StreamInfo.__struct_fields__
        try:
            streams = [dict(zip(keys, values, strict=True)) for values in found if values[-1] is not None]
            return [msgspec.convert(one | {"simulated": bool(one["simulated"])}, StreamInfo) for one in streams]
        except msgspec.ValidationError as error:
            raise UnreadableError(self.path, error) from None

    def epochs(self) -> list[str]:
        """The epochs that still have rows, oldest first."""
        return list(dict.fromkeys(stream.epoch for stream in self.streams()))

    def rows(
        self, epoch: str, camera: str, from_seq: int = 0, to_seq: int | None = None, limit: int = 1000
    ) -> list[Row]:
        """Rows of one stream with ``from_seq <= seq <= to_seq``, at most ``limit``, in order of seq. Raises UnreadableError."""
        last = 2**63 - 1 if to_seq is None else to_seq
        return self._select(
            "s.epoch = ? AND s.camera = ? AND p.seq BETWEEN ? AND ? ORDER BY p.seq LIMIT ?",
            (epoch, camera, from_seq, last, limit),
        )

    def tail(self, count: int, *, line: str | None = None, camera: str | None = None) -> list[Row]:
        """The last ``count`` rows in the order of publication. Raises UnreadableError."""
        streams = self._stream_ids(line=line, camera=camera)
        return self._select(f"{_in(streams)} ORDER BY p.id DESC LIMIT ?", (count,))[::-1]

    def last_frame(self, line: str, camera: str) -> Header | None:
        """The header of the newest frame of a camera in the last epoch that has any. Raises UnreadableError and MalformedError."""
        for stream in sorted(self._stream_ids(line=line, camera=camera), reverse=True):
            rows = self._select(
                "p.stream = ? AND p.frame IS NOT NULL ORDER BY p.frame DESC LIMIT ?", (stream, _LOST_BEHIND)
            )
            if rows:
                headers = [decode_header(row.header) for row in rows]
                return next((header for header in headers if header.encoder is not None), headers[0])
        return None

    def events(
        self,
        kind: MessageType,
        count: int,
        *,
        run: str | None = None,
        epoch: str | None = None,
        camera: str | None = None,
        before: int | None = None,
    ) -> list[Row]:
        """At most ``count`` messages of a type that holds no verdict (``start``, ``change``, ``end``, ``status``), the newest first, by an index:
        however many results there are. ``before``: only those with a smaller id. Raises UnreadableError."""
        wanted: dict[str, object] = {
            "p.type = ?": kind.value, "p.run = ?": run, "s.epoch = ?": epoch, "s.camera = ?": camera, "p.id < ?": before,
        }  # fmt: skip
        given = {condition: value for condition, value in wanted.items() if value is not None}
        condition = " AND ".join(("p.verdict IS NULL", *given))
        return self._select(f"{condition} ORDER BY p.id DESC LIMIT ?", (*given.values(), count))

    def walk(
        self,
        *,
        epoch: str | None = None,
        run: str | None = None,
        line: str | None = None,
        camera: str | None = None,
        verdict: Verdict | None = None,
        verdicts_only: bool = False,
        ids: tuple[int, int] | None = None,
    ) -> Iterator[Row]:
        """Every row that meets the conditions, in the order of publication, rows that arrive meanwhile included.

        ``verdicts_only``: only rows that hold a verdict, which are those of type ``result`` and ``gap``. ``ids``: only rows from the first to
        the second id, both included; no other is looked at. Raises UnreadableError where the file is damaged, after the rows before the damage.
        """
        least, most = (0, _LAST_ID) if ids is None else ids
        streams = self._stream_ids(epoch=epoch, line=line, camera=camera)
        condition, values = _in(streams), () if run is None else (run,)
        if run is not None:
            condition += " AND p.run = ?"
        by_verdict = verdict is not None and verdict is not Verdict.PASS
        if verdict is not None:
            condition += f" AND p.verdict = '{verdict.value}'" + (f" AND {NOT_PASSED}" if by_verdict else "")
        elif verdicts_only:
            condition += " AND p.verdict IS NOT NULL"
        after, last = self._span(streams) or (0, _LAST_ID)
        after, last = max(after, least - 1), min(last, most)
        check = self._check_behind(after, streams, whole=ids is None)
        while after < last:
            page, through, failure = self._checked_page(condition, values, after, last, check, by_verdict)
            for row in page:
                if row.id <= after:  # pages of a damaged file may lead in a circle
                    raise UnreadableError(self.path, RowError("rows are out of order"), after)
                after = row.id
                yield row
            if failure is not None:
                raise UnreadableError(self.path, failure, after)
            after = through
            last = min((self._span(streams) or (0, last))[1], most)

    def _check_behind(self, after: int, streams: list[int], *, whole: bool) -> RowCheck:
        """Raises UnreadableError."""
        if whole:
            return RowCheck(self._connection, streams)
        try:
            return RowCheck.behind(self._connection, after, streams)
        except SQLITE_ERRORS as error:
            raise UnreadableError(self.path, error) from None

    def _checked_page(
        self, condition: str, values: tuple[object, ...], after: int, last: int, check: RowCheck, by_verdict: bool
    ) -> tuple[list[Row], int, Exception | None]:
        """Some rows with ids from ``after`` (exclusive) to ``last``, the id through which these are all, and why there are not more of them, where the
        file is damaged. ``by_verdict``: they are found through the index by verdict; SQLite says so itself where one of them is missing."""
        # The span is only needed for speed, and for the check: where its index is damaged, all rows are looked through.
        known = last != _LAST_ID
        through = min(last, after + _PAGE_IDS) if known and not by_verdict else last
        try:
            self._connection.execute("BEGIN")
            page, failure = self._page(
                f"p.id > ? AND p.id <= ? AND {condition} ORDER BY p.id LIMIT {_PAGE_ROWS + 1}",
                (after, through, *values),
            )
            if len(page) > _PAGE_ROWS:  # one more, which has to come behind them
                behind = page.pop().id
                through = page[-1].id
                if behind <= through:
                    return page[:-1], through, RowError("rows are out of order")
            if failure is None and known:
                named = ((row.id, row.epoch, row.camera, row.seq) for row in page)
                wrong = check.first_other(named) if by_verdict else check.first_wrong(after, through)
                if wrong is not None:
                    page = [row for row in page if row.id < wrong]
                    failure = RowError(f"row {wrong} is not where it should be")
        except SQLITE_ERRORS as error:
            return [], through, error
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        return page, through, failure

    def commands(
        self, newest: int | None = None, *, since_unix_ns: int | None = None, epoch: str | None = None
    ) -> list[CommandRecord]:
        """Commands in the order in which they were stored: all, or the ``newest`` of those that meet the conditions. Raises UnreadableError.

        ``since_unix_ns``: received at this time or later, by the wall clock of the machine."""
        return self._records(CommandRecord, newest, {"received_unix_ns >= ?": since_unix_ns, "epoch = ?": epoch})

    def disagreements(
        self,
        newest: int | None = None,
        *,
        since_unix_ns: int | None = None,
        epoch: str | None = None,
        camera: str | None = None,
        shadow_bundle: str | None = None,
    ) -> list[Disagreement]:
        """Frames on which a shadow bundle disagreed, in the order in which they were stored. Raises UnreadableError.

        ``since_unix_ns``: captured at this time or later."""
        wanted: dict[str, object] = {"captured_unix_ns >= ?": since_unix_ns, "epoch = ?": epoch, "camera = ?": camera}
        return self._records(Disagreement, newest, {**wanted, "shadow_bundle = ?": shadow_bundle})

    def comparisons(
        self, newest: int | None = None, *, epoch: str | None = None, shadow_bundle: str | None = None
    ) -> list[Comparison]:
        """The counts of shadow sessions, one for each session and camera, the oldest session first. Raises UnreadableError."""
        return self._records(Comparison, newest, {"epoch = ?": epoch, "shadow_bundle = ?": shadow_bundle})

    def _records(self, kind: type[R], newest: int | None, wanted: Mapping[str, object]) -> list[R]:
        try:
            return read_records(self._connection, kind, newest, wanted)
        except (*SQLITE_ERRORS, RowError) as error:
            raise UnreadableError(self.path, error) from None

    def _stream_ids(self, **wanted: str | None) -> list[int]:
        """The streams that match every given value that is not None."""
        given = {key: value for key, value in wanted.items() if value is not None}
        condition = " AND ".join(["1", *(f"{key} = ?" for key in given)])
        found = self._query(f"SELECT id FROM streams WHERE {condition}", tuple(given.values()))
        return [row[0] for row in found]

    def _span(self, streams: list[int]) -> tuple[int, int] | None:
        """The id before the first row of ``streams``, and the id of the last; within a stream, id and seq increase together. None where the
        file is too damaged to tell. Raises UnreadableError where rows have none."""
        ends = "SELECT id FROM publications WHERE stream = ? ORDER BY seq {} LIMIT 1"
        try:
            first, last = (
                [row[0] for stream in streams for row in self._query(ends.format(order), (stream,))]
                for order in ("ASC", "DESC")
            )
        except UnreadableError:
            return None
        if not all(isinstance(one, int) for one in (*first, *last)):
            raise UnreadableError(self.path, RowError("rows have no number"))
        return min(first, default=1) - 1, max(last, default=0)

    def _select(self, condition: str, values: tuple[object, ...]) -> list[Row]:
        rows, failure = self._page(condition, values)
        if failure is not None:
            raise UnreadableError(self.path, failure)
        return rows

    def _page(self, condition: str, values: tuple[object, ...]) -> tuple[list[Row], Exception | None]:
        """The rows, and why there are not more of them, where the file could not be read to their end."""
        try:
            if self._holds_compressed():
                return self._read("p.blob_bytes", condition, values)
            found = self._read("NULL", condition, values)
            # A daemon may have brought the older file up to date meanwhile, and compresses from then on.
            return self._read("p.blob_bytes", condition, values) if self._holds_compressed() else found
        except SQLITE_ERRORS as error:
            return [], error

    def _holds_compressed(self) -> bool:
        """Whether the file has the column ``blob_bytes``, which it never loses again. Raises sqlite3.Error."""
        if not self._compressed:
            self._compressed = schema_version(self._connection) >= COMPRESSED_SINCE
        return self._compressed

    def _read(self, blob_bytes: str, condition: str, values: tuple[object, ...]) -> tuple[list[Row], Exception | None]:
        query = f"SELECT {FIELDS}, {blob_bytes} FROM publications p JOIN streams s ON s.id = p.stream WHERE {condition}"
        rows: list[Row] = []
        try:
            for found in self._connection.execute(query, values):
                rows.append(row_of(*found))
        except (*SQLITE_ERRORS, RowError) as error:
            return rows, error
        return rows, None

    def _query(self, query: str, values: tuple[object, ...] = ()) -> list[Any]:
        """All rows of a short answer. Raises UnreadableError."""
        try:
            return self._connection.execute(query, values).fetchall()
        except SQLITE_ERRORS as error:
            raise UnreadableError(self.path, error) from None


def _in(streams: list[int]) -> str:
    """SQL condition for rows of ``streams``; the plus makes SQLite read the rows in the order of their ids."""
    return f"+p.stream IN ({', '.join(map(str, streams))})"
