"""Brings files and rows together again after a crash, or after somebody moved files about.

What a crash leaves is told by the order of writing: files without a row, which are adopted where the picture is there and removed where it is
not; and files whose row is one of deletions, which are removed. Nothing else is ever removed: a picture without its facts, and whatever other
programs put here, is only counted. Rows whose files are not there are marked as lost, and found again when these are back.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from engines.errors import FileError
from inspector.archive import files, index
from inspector.archive.entry import Entry
from inspector.archive.index import RowError, transaction
from inspector.archive.places import (
    FOLDERS,
    IMAGES,
    PART,
    entry_path,
    is_day,
    is_stem,
    mask_path,
    thumbnail_path,
)
from inspector.archive.protection import note_all, read_protected
from inspector.archive.review_mend import review_paths, settle_all

_MOST_FACTS = 16 << 20
_ROWS = 500
_MOST_HALF_WRITTEN = 8
"""A crash leaves one entry without its picture. Where more are without, the pictures have been taken away, and may come back."""


class Mended(msgspec.Struct, kw_only=True):
    """What was found, and mended unless it was only looked for."""

    adopted: int = 0
    """Entries whose files were there, and whose row was not."""
    removed: int = 0
    """Files that were half written, or belong to a deleted entry."""
    lost: int = 0
    """Entries newly marked as lost."""
    found_again: int = 0
    """Entries that had been lost."""
    rewritten: int = 0
    """Files with an entry's facts that were not there, and were written again from its row."""
    reviews: int = 0
    """Reviewed entries whose reviews were not the same in index and files, or whose reviewed mask was not there."""
    bad_rows: int = 0
    """Rows that no archive has written. They are taken out of the index; their files are adopted where they are there."""
    unknown: int = 0
    """Files that are no archive's, or pictures without their facts. They are left alone."""

    def __add__(self, other: Mended) -> Mended:
        return Mended(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})

    @property
    def changed(self) -> bool:
        """Whether anything was to be mended."""
        return any(getattr(self, name) for name in self.__struct_fields__ if name != "unknown")

    def in_words(self) -> str:
        """One line; empty where all was well."""
        told = {
            "adopted": "entries adopted", "removed": "half-written files removed", "lost": "entries lost",
            "found_again": "lost entries found again", "rewritten": "files of facts written again",
            "reviews": "entries whose reviews were brought together",
            "bad_rows": "damaged rows", "unknown": "unknown files left alone",
        }  # fmt: skip
        return ", ".join(f"{getattr(self, key)} {words}" for key, words in told.items() if getattr(self, key))


def mend(root: Path, connection: sqlite3.Connection, *, rows: bool = True, only_look: bool = False) -> Mended:
    """Go through the archive day by day. ``rows``: also look for the files of each row, which no crash takes away. ``only_look``: nothing is
    changed; an entry that is being written meanwhile may be taken for one without a row.

    Raises OSError, sqlite3.Error, and FileError where what is protected cannot be read."""
    mended = Mended()
    protected = read_protected(root)
    if rows:
        _check_rows(root, connection, mended, only_look)
    without_picture = [one for day in _days(root) for one in _mend_day(root, connection, day, mended, only_look)]
    if len(without_picture) <= _MOST_HALF_WRITTEN:
        for stem in without_picture:
            _remove(root, _beside(stem), mended, only_look)
    else:
        mended.unknown += len(without_picture)
    found = settle_all(root, connection, only_look=only_look)
    mended.reviews += found.settled
    mended.removed += found.removed
    mended.unknown += found.unknown
    if not only_look:
        with transaction(connection):
            note_all(connection, protected)
    return mended


def _check_rows(root: Path, connection: sqlite3.Connection, mended: Mended, only_look: bool) -> None:
    """Mark the rows whose files are not there, and write facts that are missing again."""
    after = 0
    while True:
        rows = connection.execute(
            f"SELECT e.id, {index.CONTENT} FROM entries e LEFT JOIN contents c USING (id) WHERE e.id > ? ORDER BY e.id LIMIT ?",
            (after, _ROWS),
        ).fetchall()
        if not rows:
            return
        after = rows[-1][0]
        bad: list[int] = []
        lost: list[int] = []
        found: list[int] = []
        for id_, *content in rows:
            try:
                entry = index.decode_entry(*content)
                stem = index.require_own_paths(entry)
                if entry.id != id_:
                    raise RowError("another entry's content")
            except RowError:
                bad.append(id_)
                continue
            whole = files.is_as_written(root, entry.image) and (
                entry.mask is None or files.is_as_written(root, entry.mask)
            )
            if whole == entry.lost:
                (found if whole else lost).append(id_)
            if whole and not (root / entry_path(stem)).is_file():
                mended.rewritten += 1
                if not only_look:
                    files.write(root, entry_path(stem), msgspec.json.encode(entry))
        mended.bad_rows += len(bad)
        mended.lost += len(lost)
        mended.found_again += len(found)
        if (bad or lost or found) and not only_look:
            with transaction(connection):
                index.set_lost(connection, lost, True)
                index.set_lost(connection, found, False)
                index.forget(connection, bad)


def _days(root: Path) -> list[str]:
    """The days of which any folder has files."""
    days = set()
    for folder in FOLDERS:
        days |= {one.name for one in _entries(root / folder) if is_day(one.name) and one.is_dir(follow_symlinks=False)}
    return sorted(days)


def _mend_day(root: Path, connection: sqlite3.Connection, day: str, mended: Mended, only_look: bool) -> list[str]:
    """Look at the files of a day that have no row; return the entries that have no picture."""
    found = {folder: {one.name for one in _entries(root / folder / day)} for folder in FOLDERS}
    for folder, names in found.items():
        for name in names:
            if name.endswith(PART) and is_stem(_stem(name.removesuffix(PART))):
                _remove(root, [f"{folder}/{day}/{name}"], mended, only_look)
            elif name.endswith(PART) or not is_stem(_stem(name)):
                mended.unknown += 1
    stems = {_stem(name) for names in found.values() for name in names if not name.endswith(PART)}
    known = set()
    for (stem,) in connection.execute("SELECT stem FROM contents WHERE stem >= ? AND stem < ?", (f"{day}/", f"{day}0")):
        known.add(stem.partition("/")[2])
    pictures = {_stem(name) for name in found[IMAGES]}
    without_picture = []
    adopted: list[tuple[Entry, str]] = []
    for name in sorted(one for one in stems - known if is_stem(one)):
        stem = f"{day}/{name}"
        facts = _facts(root, stem)
        if facts is not None and _was_deleted(connection, facts, stem):
            _remove(root, [facts.image.path, *review_paths(stem), *_beside(stem)], mended, only_look)
        elif name not in pictures:
            without_picture.append(stem)
        elif facts is None or not os.path.lexists(root / facts.image.path):
            mended.unknown += 1
        else:
            adopted.append((facts, stem))
    mended.adopted += len(adopted)
    for first in range(0, 0 if only_look else len(adopted), _ROWS):
        with transaction(connection):
            for facts, stem in adopted[first : first + _ROWS]:
                _adopt(root, connection, facts, stem)
    return without_picture


def _beside(stem: str) -> list[str]:
    """The files of an entry beside its picture."""
    return [mask_path(stem), thumbnail_path(stem), entry_path(stem)]


def _adopt(root: Path, connection: sqlite3.Connection, facts: Entry, stem: str) -> None:
    """Give files a row, in an open transaction; with a new id where theirs is another's by now."""
    whole = files.is_as_written(root, facts.image) and (facts.mask is None or files.is_as_written(root, facts.mask))
    taken = connection.execute(
        "SELECT 1 FROM entries WHERE id = ? UNION SELECT 1 FROM deletions WHERE id = ?", (facts.id, facts.id)
    ).fetchone()
    id_ = facts.id if taken is None else index.next_id(connection)
    entry = msgspec.structs.replace(facts, id=id_, lost=not whole, protected=False)
    index.insert(connection, entry)
    if taken is not None:
        files.write(root, entry_path(stem), msgspec.json.encode(entry))


def _was_deleted(connection: sqlite3.Connection, facts: Entry, stem: str) -> bool:
    found = connection.execute("SELECT 1 FROM deletions WHERE id = ? AND stem = ?", (facts.id, stem)).fetchone()
    return found is not None


def _facts(root: Path, stem: str) -> Entry | None:
    """The facts beside a picture; None where there are none that can be read, or those of another one."""
    try:
        data = files.read_regular(root / entry_path(stem), _MOST_FACTS)
        entry = index.decode_entry(data, 0, 0)
        return entry if index.require_own_paths(entry) == stem else None
    except (FileError, RowError):
        return None


def _remove(root: Path, paths: list[str], mended: Mended, only_look: bool) -> None:
    there = [path for path in paths if os.path.lexists(root / path)]
    mended.removed += len(there)
    if not only_look:
        files.remove(root, there)


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """What is in a folder that is no link; nothing where there is none."""
    if not folder.is_symlink() and folder.is_dir():
        with os.scandir(folder) as entries:
            yield from entries


def _stem(name: str) -> str:
    return os.path.splitext(name)[0]
