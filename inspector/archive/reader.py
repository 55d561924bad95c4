"""Reads the archive, also while it is written."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from engines.errors import BadFrameError, FileError
from engines.images.decoder import Decoder
from inspector.archive import files, index
from inspector.archive.entry import Entry, Evidence, KeptFile
from inspector.archive.index import DELETION, Deletion, RowError, Total
from inspector.archive.index_schema import open_for_reading, unreadable
from inspector.archive.places import INDEX
from inspector.errors import UserError
from inspector.frames.outcome import Verdict
from inspector.results.journal_damage import SQLITE_ERRORS

Entries: TypeAlias = list[Entry]
Deletions: TypeAlias = list[Deletion]


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries are wanted; None: any."""

    run: str | None = None
    line: str | None = None
    camera: str | None = None
    class_name: str | None = None
    """Entries with a defect, or a pixel, of this class."""
    verdict: Verdict | None = None
    evidence: Evidence | None = None
    since_unix_ns: int | None = None
    until_unix_ns: int | None = None
    """Captured from, and before."""
    least_score: float | None = None
    most_score: float | None = None
    """Of the gate."""
    protected: bool | None = None
    lost: bool | None = None


class Archive(AbstractContextManager["Archive"]):
    """Reads the archive in a folder; a context manager. From one thread at a time."""

    def __init__(self, path: Path | str) -> None:
        """Raises UserError for a folder without an archive, one of a newer version, and one that cannot be read."""
        self.path = Path(path)
        self._index = self.path / INDEX
        self._connection = open_for_reading(self._index)

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the index."""
        self._connection.close()

    def list(
        self, wanted: Filter | None = None, *, cursor: int | None = None, limit: int = 100, oldest_first: bool = False
    ) -> Entries:
        """At most ``limit`` entries, the one that was added last first. ``cursor``: the id of the last entry of the page before.

        Raises UserError."""
        condition, values = _condition(wanted or Filter())
        if cursor is not None:
            condition.append("e.id > ?" if oldest_first else "e.id < ?")
            values.append(cursor)
        ids = f"SELECT e.id FROM entries e WHERE {' AND '.join(condition)} ORDER BY e.id {'ASC' if oldest_first else 'DESC'} LIMIT ?"
        rows = self._query(
            f"SELECT {index.CONTENT} FROM entries e JOIN contents c USING (id) WHERE e.id IN ({ids}) "
            f"ORDER BY e.id {'ASC' if oldest_first else 'DESC'}",
            (*values, limit),
        )
        return [self._decoded(row) for row in rows]

    def count(self, wanted: Filter | None = None) -> int:
        """How many entries there are. Raises UserError."""
        condition, values = _condition(wanted or Filter())
        return int(self._query(f"SELECT count(*) FROM entries e WHERE {' AND '.join(condition)}", values)[0][0])

    def get(self, id_: int) -> Entry | None:
        """An entry; None where there is none of this id. Raises UserError."""
        rows = self._query(f"SELECT {index.CONTENT} FROM entries e JOIN contents c USING (id) WHERE e.id = ?", (id_,))
        return self._decoded(rows[0]) if rows else None

    def find(self, epoch: str, camera: str, frame: int) -> Entry | None:
        """The entry of a frame; None where it is not kept. Raises UserError."""
        rows = self._query(
            f"SELECT {index.CONTENT} FROM entries e JOIN contents c USING (id) WHERE e.epoch = ? AND e.camera = ? AND e.frame = ?",
            (epoch, camera, frame),
        )
        return self._decoded(rows[0]) if rows else None

    def deletions(self, *, cursor: int | None = None, limit: int = 100) -> Deletions:
        """What was deleted, the last deletion first. ``cursor``: the number of the last one of the page before. Raises UserError."""
        before = 2**63 - 1 if cursor is None else cursor
        rows = self._query(
            f"SELECT {DELETION} FROM deletions WHERE number < ? ORDER BY number DESC LIMIT ?", (before, limit)
        )
        try:
            return [msgspec.convert(dict(zip(Deletion.__struct_fields__, row, strict=True)), Deletion) for row in rows]
        except msgspec.ValidationError as error:
            raise self._damaged(error) from None

    def totals(self) -> dict[Evidence, Total]:
        """Sums by class of evidence. Raises UserError."""
        try:
            return index.totals(self._connection)
        except SQLITE_ERRORS as error:
            raise UserError(f"archive {self._index}: {unreadable(error)}") from None

    def pixels(self, entry: Entry | int) -> NDArray[np.uint8]:
        """The picture, uint8 [H, W] of ``entry.picture_px``. Raises FileError where it is not there, or not what the entry says."""
        found = self._there(entry)
        height, width = found.picture_px
        data = files.read(self.path, found.image)
        try:
            return Decoder(height, width).decode_in(data)
        except BadFrameError as error:
            raise FileError(f"{self.path / found.image.path}: {error}") from None

    def mask(self, entry: Entry | int) -> NDArray[np.uint8] | None:
        """The mask that the segmenter found, uint8 [H, W], bit k the class ``entry.bits[k]``; None where it did not run. It is a prediction.

        Raises FileError."""
        found = self._there(entry)
        if found.mask is None:
            return None
        height, width = found.picture_px
        data = files.read(self.path, found.mask)
        try:
            values = Decoder(height, width).stored_in(data)
        except BadFrameError as error:
            raise FileError(f"{self.path / found.mask.path}: {error}") from None
        if values.dtype != np.uint8 or values.ndim != 2:
            raise FileError(
                f"{self.path / found.mask.path}: holds {values.dtype} {list(values.shape)}; expected a bitmask"
            )
        return np.ascontiguousarray(values, dtype=np.uint8)

    def thumbnail(self, entry: Entry | int) -> bytes | None:
        """A small JPEG; None where there is none. Raises FileError."""
        found = self._there(entry)
        return None if found.thumbnail is None else files.read(self.path, found.thumbnail)

    def data(self, file: KeptFile) -> bytes:
        """A file of an entry as it was written. Raises FileError."""
        return files.read(self.path, file)

    def _there(self, entry: Entry | int) -> Entry:
        if isinstance(entry, Entry):
            return entry
        found = self.get(entry)
        if found is None:
            raise FileError(f"{self.path}: has no entry {entry}; it was deleted, or never there")
        return found

    def _decoded(self, row: Sequence[Any]) -> Entry:
        try:
            return index.decode_entry(row[0], row[1], row[2])
        except RowError as error:
            raise self._damaged(error) from None

    def _query(self, query: str, values: Sequence[Any] = ()) -> Any:
        try:
            return self._connection.execute(query, tuple(values)).fetchall()
        except SQLITE_ERRORS as error:
            raise UserError(f"archive {self._index}: {unreadable(error)}") from None

    def _damaged(self, error: Exception) -> UserError:
        return UserError(
            f"archive {self._index}: holds a row that no archive has written ({str(error)[:200]}); `inspector archive check --mend` takes it out"
        )


def _condition(wanted: Filter) -> tuple[list[str], list[object]]:
    """The condition in SQL, and its values. The pluses leave one choice of index, that of the run or of the class; without either, ids are
    gone through in their order."""
    conditions: list[str] = ["1"]
    values: list[object] = []
    texts: dict[str, object] = {
        "e.run = ?": wanted.run,
        "+e.line = ?": wanted.line,
        "+e.camera = ?": wanted.camera,
        "+e.evidence = ?": None if wanted.evidence is None else wanted.evidence.value,
        "+e.verdict = ?": None if wanted.verdict is None else wanted.verdict.value,
        "e.captured_unix_ns >= ?": wanted.since_unix_ns,
        "e.captured_unix_ns < ?": wanted.until_unix_ns,
        "e.score >= ?": wanted.least_score,
        "e.score <= ?": wanted.most_score,
        "+e.protected = ?": wanted.protected,
        "+e.lost = ?": wanted.lost,
        "e.id IN (SELECT id FROM classes WHERE class = ?)": wanted.class_name,
    }
    for condition, value in texts.items():
        if value is not None:
            conditions.append(condition)
            values.append(value)
    return conditions, values
