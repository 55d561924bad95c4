"""Writes the archive: files and rows together, in an order that any crash leaves mendable. One process at a time.

Adding: the file with the facts, mask, thumbnail and, last, the picture, each whole on the disk under its name before the next; then the row.
Deleting: the row becomes a row of deletions, then the files go.
"""

from __future__ import annotations

import errno
import logging
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import cv2
import msgspec
import numpy as np

from engines.errors import FileError
from engines.files.looking import reason
from inspector.archive import files, index
from inspector.archive.entry import BLOCK, Entry, Evidence, Facts
from inspector.archive.index import RowError, Total, synced, transaction
from inspector.archive.index_schema import open_for_writing, why_unusable
from inspector.archive.mend import Mended, mend
from inspector.archive.places import FOLDERS, INDEX, entry_path, image_path, mask_path, stem_of, thumbnail_path
from inspector.archive.protection import protect
from inspector.archive.quota import FreeSpace, Quota, days_until_full, excess, next_to_delete
from inspector.archive.review_mend import review_paths
from inspector.archive.reviewing import settle_marked
from inspector.errors import UserError
from inspector.frames.outcome import Verdict
from inspector.results.journal_damage import SQLITE_ERRORS, is_damage, set_aside
from inspector.results.sole_writer import SoleWriter

log = logging.getLogger(__name__)

_BETWEEN_ASIDES_S = 600.0
"""A disk that damages every new index as well must not be filled with damaged ones."""
_UNWRITABLE = "cannot be written"
_CLOSED_WELL = "closed_well"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class NoRoomError(Exception):
    """An entry is not kept, because a limit leaves no room for it and nothing else may go; the text says which."""


class Store:
    """The archive, opened for writing. For one thread."""

    def __init__(
        self, path: Path | str, quota: Quota | None = None, *, clock_ns: Callable[[], int] = time.time_ns
    ) -> None:
        """Open the archive in the folder ``path``, or make it there; after a crash, mend it.

        ``clock_ns`` dates rows, and decides nothing. Raises UserError where it cannot be written, is written by another process, or is of a
        newer version."""
        self.path = Path(path)
        self.quota = quota or Quota()
        self.mended = Mended()
        """What was mended when it was opened."""
        self._clock_ns = clock_ns
        self._free = FreeSpace(self.path)
        self._index = self.path / INDEX
        self._sole = SoleWriter(self._index, "archive", f"archive.path: {self.path}")
        self._connection: sqlite3.Connection | None = None
        self._left_over = False
        """Whether files could not be removed, so that the next start has to mend."""
        self._aside_at_s = float("-inf")
        """When an index was set aside, monotonic s."""
        try:
            self._make_folders()
            self._sole.take()
            self._open()
        except UserError:
            self.close()
            raise
        except FileError as error:
            self.close()
            raise UserError(f"archive.path: {error}") from None
        except SQLITE_ERRORS as error:
            self.close()
            raise UserError(f"archive.path: {self._index} {why_unusable(error, _UNWRITABLE)}") from None
        except OSError as error:
            self.close()
            raise UserError(
                f"archive.path: {self.path} cannot be written ({reason(error)}); name another folder"
            ) from None

    def add(self, facts: Facts, image: bytes, mask: bytes | None, thumbnail: bytes | None) -> int:
        """Keep a frame; return its id. One that is there already is not stored twice.

        ``image``: a file of ``facts.format``; ``mask``: a PNG, uint8 [H, W] of the same size, bit k the class ``facts.bits[k]``, None where the
        segmenter did not run; ``thumbnail``: a JPEG. Raises NoRoomError where a limit leaves no room, FileError where the disk does not take it."""
        stem = stem_of(facts.run, facts.camera, facts.frame, facts.epoch, facts.captured_unix_ns)
        if mask is None and facts.verdict is Verdict.PASS:
            mask = _empty_mask(facts.picture_px)
        with self._told("an entry cannot be written"):
            try:
                return self._add(facts, stem, image, mask, thumbnail)
            except SQLITE_ERRORS as error:
                if not is_damage(error) or time.monotonic() - self._aside_at_s < _BETWEEN_ASIDES_S:
                    raise
                self._set_aside(error)
                self._connect()
                return self._add(facts, stem, image, mask, thumbnail)

    def delete(self, ids: int | Iterable[int], why: str) -> int:
        """Delete entries, also protected ones; return how many. ``why``: one line for the row that stays. Raises FileError."""
        wanted = [ids] if isinstance(ids, int) else list(ids)
        with self._told("an entry cannot be deleted"):
            return len(self._delete(wanted, why, also_protected=True))

    def protect(self, what: str | Iterable[int], on: bool = True) -> int:
        """Protect a run, with what is added to it later, or entries by their ids; or no longer. Return how many entries are. Raises FileError."""
        return protect(self.path, what, on)

    def mend(self) -> Mended:
        """Look through all files and rows, and mend what a crash or a person left. Raises FileError."""
        with self._told("cannot be mended"):
            return mend(self.path, self._opened)

    def totals(self) -> dict[Evidence, Total]:
        """Sums by class of evidence. Raises FileError."""
        with self._told("cannot be looked at"):
            return index.totals(self._opened)

    def days_until_full(self, evidence: Evidence | None = None) -> float | None:
        """Days until entries of a class, or of all, are deleted for lack of room; None where that is not known. Raises FileError."""
        with self._told("cannot be looked at"):
            return days_until_full(self._opened, self.quota, self._free.bytes(), evidence)

    def close(self) -> None:
        """Close the index, and let others write the archive."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*SQLITE_ERRORS):
                if not self._left_over:
                    connection.execute("INSERT OR REPLACE INTO facts VALUES (?, '1')", (_CLOSED_WELL,))
            with suppress(*SQLITE_ERRORS):
                connection.close()
        self._sole.release()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Errors of the disk and of SQLite as a FileError of one line."""
        try:
            yield
        except SQLITE_ERRORS as error:
            self._left_over |= is_damage(error)
            raise FileError(f"archive {self._index}: {why_unusable(error, _UNWRITABLE)}") from None
        except OSError as error:
            full = "its disk is full" if error.errno in _FULL else reason(error)
            raise FileError(f"archive {self.path}: {what} ({full})") from None
        except UnicodeEncodeError:
            raise FileError(f"archive {self.path}: {what} (a name holds half a character)") from None

    def _add(self, facts: Facts, stem: str, image: bytes, mask: bytes | None, thumbnail: bytes | None) -> int:
        """Raises NoRoomError, OSError, sqlite3.Error."""
        there = index.id_of(self._opened, stem)
        if there is not None:
            return there
        entry = self._entry(facts, stem, image, mask, thumbnail)
        self._make_room(entry.evidence, entry.bytes)
        self._write(entry, stem, image, mask, thumbnail)
        self._free.taken(entry.bytes)
        return entry.id

    @property
    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            raise ValueError("the archive is closed")
        return self._connection

    def _make_folders(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        for name in FOLDERS:
            files.make_folder(self.path / name)

    def _open(self) -> None:
        """Open the index. One that is damaged is set aside, and made again from the files, as one that is not there."""
        try:
            self._connect()
        except SQLITE_ERRORS as error:
            if not is_damage(error):
                raise
            self._set_aside(error)
            self._connect()

    def _connect(self) -> None:
        self._connection = connection = open_for_writing(self._index)
        self._sole.take()  # now that the file is there
        with transaction(connection):
            index.forget_deletions(connection)
        with synced(connection):  # on the disk before the first row is lost in a power cut
            closed_well = connection.execute("DELETE FROM facts WHERE key = ?", (_CLOSED_WELL,)).rowcount
        if not closed_well:
            self.mended = mend(self.path, connection, rows=False)
        if settled := settle_marked(self.path, connection):
            self.mended.reviews += settled

    def _set_aside(self, error: BaseException) -> None:
        if self._connection is not None:
            with suppress(*SQLITE_ERRORS):
                self._connection.close()
            self._connection = None
        aside = set_aside(self._index)
        self._aside_at_s = time.monotonic()
        log.error("archive %s: %s; it is kept as %s", self._index, why_unusable(error), aside.name)

    def _entry(self, facts: Facts, stem: str, image: bytes, mask: bytes | None, thumbnail: bytes | None) -> Entry:
        entry = Entry(
            **{name: getattr(facts, name) for name in Facts.__struct_fields__},
            id=index.next_id(self._opened),
            added_unix_ns=self._clock_ns(),
            bytes=0,
            image=files.kept(image_path(stem, facts.format), image),
            mask=None if mask is None else files.kept(mask_path(stem), mask),
            thumbnail=None if thumbnail is None else files.kept(thumbnail_path(stem), thumbnail),
        )
        sizes = [len(one) for one in (image, mask, thumbnail, msgspec.json.encode(entry)) if one is not None]
        return msgspec.structs.replace(entry, bytes=sum(-(-size // BLOCK) * BLOCK for size in sizes))

    def _make_room(self, coming: Evidence, coming_bytes: int) -> None:
        while True:
            sums = index.totals(self._opened)
            over = excess(self.quota, sums, self._free.bytes(), coming, coming_bytes)
            if over is None:
                return
            removable = sum(sums[one].bytes - sums[one].protected_bytes for one in over.evidence)
            if removable < over.bytes:
                raise NoRoomError(f"{over.why}: no room for {coming_bytes} bytes; nothing else may go")
            if not self._delete(self._first_to_go(over.evidence, over.bytes), over.why, also_protected=False):
                raise NoRoomError(f"{over.why}: no room for {coming_bytes} bytes; nothing else may go")

    def _first_to_go(self, classes: Iterable[Evidence], wanted_bytes: int) -> list[int]:
        """Entries that make up so many bytes, or fewer where more have to go than are looked at together."""
        chosen: list[int] = []
        for evidence in classes:
            for id_, size in next_to_delete(self._opened, evidence):
                chosen.append(id_)
                wanted_bytes -= size
                if wanted_bytes <= 0:
                    return chosen
            if chosen:
                return chosen
        return chosen

    def _delete(self, ids: Iterable[int], why: str, *, also_protected: bool) -> list[Entry]:
        # A row of deletions must be on the disk before its files go: else a power cut would leave an entry that seems to be lost.
        try:
            with synced(self._opened), transaction(self._opened) as connection:
                gone = index.delete(connection, ids, why, self._clock_ns(), also_protected=also_protected)
                index.forget_deletions(connection)
        except RowError:
            mend(self.path, self._opened)  # takes the row out, and its files in again
            return []
        for entry in gone:
            self._remove(paths_of(entry))
            self._free.freed(entry.bytes)
        return gone

    def _remove(self, paths: Iterable[str]) -> None:
        try:
            files.remove(self.path, paths)
        except OSError:
            self._left_over = True
            raise

    def _write(self, entry: Entry, stem: str, image: bytes, mask: bytes | None, thumbnail: bytes | None) -> None:
        """The files, the picture last, and then the row. Raises OSError and sqlite3.Error, and leaves nothing of them then."""
        wanted: list[tuple[str, bytes]] = [(entry_path(stem), msgspec.json.encode(entry))]
        for file, data in ((entry.mask, mask), (entry.thumbnail, thumbnail), (entry.image, image)):
            if file is not None and data is not None:
                wanted.append((file.path, data))
        try:
            for path, data in wanted:
                files.write(self.path, path, data)
            with transaction(self._opened) as connection:
                index.insert(connection, entry)
        except BaseException:
            # The picture goes first: what is left without one is taken for half written.
            with suppress(OSError):
                self._remove([path for path, _ in reversed(wanted)])
            raise


def paths_of(entry: Entry) -> list[str]:
    """The files of an entry in the order in which they are removed: what is left without its picture is taken for half written, and the facts
    say that the rest is of a deleted entry."""
    stem = index.require_own_paths(entry)
    return [entry.image.path, mask_path(stem), thumbnail_path(stem), *review_paths(stem), entry_path(stem)]


def _empty_mask(size: tuple[int, int]) -> bytes:
    """A PNG without a pixel set."""
    return bytes(cv2.imencode(".png", np.zeros(size, np.uint8))[1])
