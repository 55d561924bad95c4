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
from inspector.archive.index_schema import open_for_reading, why_unusable
from inspector.archive.places import INDEX
from inspector.archive.review import Review
from inspector.archive.review_files import stored_mask
from inspector.archive.review_rows import History, history_of
from inspector.errors import UserError
from inspector.frames.outcome import Verdict
from inspector.results.journal_damage import SQLITE_ERRORS

Entries: TypeAlias = list[Entry]
Deletions: TypeAlias = list[Deletion]
Condition: TypeAlias = tuple[list[str], list[object]]


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
    reviewed: bool | None = None
    dismissed: bool | None = None
    """A person has said that all of what the line found is a false alarm, or has not."""


class Archive(AbstractContextManager["Archive"]):
    """Reads the archive in a folder; a context manager. From one thread at a time."""

    def __init__(self, path: Path | str) -> None:
        """Raises UserError for a folder without an archive, one of a newer version, and one that cannot be read."""
        self.path = Path(path)
        self._index = self.path / INDEX
        self._connection = open_for_reading(self._index)
        self._with_reviews = False

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
        condition, values = self._condition(wanted or Filter())
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
        condition, values = self._condition(wanted or Filter())
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
            raise UserError(f"archive {self._index}: {why_unusable(error)}") from None

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
        return None if found.mask is None else stored_mask(self.path, found.mask, found.picture_px)

    def review_of(self, id_: int) -> Review | None:
        """The review of an entry that holds; None where it is not reviewed, or the last review was undone. Raises UserError."""
        history = self.reviews(id_)
        return history[-1] if history and history[-1].truth is not None else None

    def reviews(self, id_: int) -> History:
        """All reviews of an entry, the first one first. Raises UserError."""
        try:
            return history_of(self._connection, id_) if self._has_reviews() else ()
        except SQLITE_ERRORS as error:
            raise UserError(f"archive {self._index}: {why_unusable(error)}") from None
        except RowError as error:
            raise self._damaged(error) from None

    def reviewed_among(self, ids: Sequence[int]) -> set[int]:
        """Those of some entries that are reviewed. Raises UserError."""
        if not ids or not self._has_reviews():
            return set()
        rows = self._query("SELECT id FROM reviewed WHERE id BETWEEN ? AND ?", (min(ids), max(ids)))
        return set(ids).intersection(row[0] for row in rows)

    def reviewed_mask(self, entry: Entry | int) -> NDArray[np.uint8] | None:
        """The mask as it was reviewed, of the same form as ``mask``; None where the entry is not reviewed. Raises FileError and UserError."""
        found = self._there(entry)
        review = self.review_of(found.id)
        return (
            None
            if review is None or review.truth is None
            else stored_mask(self.path, review.truth.mask, found.picture_px)
        )

    def queue(self, kind: Evidence, *, cursor: int | None = None, limit: int = 100) -> Entries:
        """Entries of a class of evidence that nobody has reviewed, the newest first; none that are lost. ``cursor`` as in ``list``. Raises UserError."""
        return self.list(Filter(evidence=kind, reviewed=False, lost=False), cursor=cursor, limit=limit)

    def to_review(self) -> dict[Evidence, int]:
        """How many entries are in the queue of each class. Raises UserError."""
        done: dict[str, int] = {}
        if self._has_reviews():
            rows = self._query(
                "SELECT e.evidence, count(*) FROM reviewed JOIN entries e USING (id) WHERE e.lost = 0 GROUP BY e.evidence"
            )
            done = {str(row[0]): int(row[1]) for row in rows}
        return {one: total.entries - total.lost - done.get(one.value, 0) for one, total in self.totals().items()}

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
            raise UserError(f"archive {self._index}: {why_unusable(error)}") from None

    def _damaged(self, error: Exception) -> UserError:
        return UserError(
            f"archive {self._index}: holds a row that no archive has written ({str(error)[:200]}); `inspector archive check --mend` takes it out"
        )

    def _condition(self, wanted: Filter) -> Condition:
        conditions, values = _condition(wanted)
        for name, among in (("reviewed", "reviewed"), ("dismissed", "reviewed WHERE dismissed = 1")):
            asked = getattr(wanted, name)
            if asked is not None:
                some = f"e.id {'' if asked else 'NOT '}IN (SELECT id FROM {among})"
                conditions.append(some if self._has_reviews() else str(int(not asked)))
        return conditions, values

    def _has_reviews(self) -> bool:
        """Whether the index has their tables. One of version 1 gets them when it is opened for writing, which may be meanwhile."""
        if not self._with_reviews:
            self._with_reviews = bool(self._query("SELECT 1 FROM sqlite_master WHERE name = 'reviewed'"))
        return self._with_reviews


def _condition(wanted: Filter) -> Condition:
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
