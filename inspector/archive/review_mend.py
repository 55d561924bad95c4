"""Looks through the files of all reviews after a crash, or after the index was lost."""

from __future__ import annotations

import os
import sqlite3
from contextlib import nullcontext
from pathlib import Path

import msgspec

from inspector.archive import files, index, review_files
from inspector.archive.entry import Entry
from inspector.archive.index import RowError, transaction
from inspector.archive.places import PART, REVIEWS, is_day, is_stem, review_path, reviewed_mask_path
from inspector.archive.review_rows import has_reviews

_SUFFIXES = (".json", ".png")


class Found(msgspec.Struct, kw_only=True):
    """What was found in the folder of reviews."""

    settled: int = 0
    removed: int = 0
    unknown: int = 0
    """Files that are no archive's, that cannot be read, or of an entry that is not there and was not deleted. They are left alone."""


def review_paths(stem: str) -> list[str]:
    """The files of an entry's reviews, in the order in which they are removed."""
    return [reviewed_mask_path(stem), review_path(stem)]


def settle_all(root: Path, connection: sqlite3.Connection, *, only_look: bool) -> Found:
    """Bring the reviews of every entry together. What is protected is not brought up to date. Raises OSError and sqlite3.Error."""
    found = Found()
    if not has_reviews(connection):
        return found  # of version 1, and only looked at
    stems, parts = _stems(root, found)
    with nullcontext() if only_look else transaction(connection):  # whoever writes one now has the lock
        _remove(root, parts, found, only_look)
    for stem in sorted(stems | _in_rows(connection)):
        with nullcontext() if only_look else transaction(connection):
            try:
                entry = _entry_of(connection, stem)
                if entry is not None:
                    found.settled += review_files.settle(root, connection, entry, only_look=only_look)
                elif _was_deleted(connection, stem):
                    _remove(root, review_paths(stem), found, only_look)
                else:
                    found.unknown += sum(os.path.lexists(root / path) for path in review_paths(stem))
            except RowError:
                found.unknown += 1
    return found


def _stems(root: Path, found: Found) -> tuple[set[str], list[str]]:
    """Of all files of reviews; and the files that were being written."""
    stems, parts = set(), []
    folder = root / REVIEWS
    for day in _names(folder):
        if not is_day(day):
            continue
        for name in _names(folder / day):
            own, part = name.removesuffix(PART), name.endswith(PART)
            base, suffix = os.path.splitext(own)
            if suffix not in _SUFFIXES or not is_stem(base):
                found.unknown += 1
            elif part:
                parts.append(f"{REVIEWS}/{day}/{name}")
            else:
                stems.add(f"{day}/{base}")
    return stems, parts


def _names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder)) if folder.is_dir() and not folder.is_symlink() else []


def _in_rows(connection: sqlite3.Connection) -> set[str]:
    return {
        row[0] for row in connection.execute("SELECT stem FROM contents WHERE id IN (SELECT DISTINCT id FROM reviews)")
    }


def _entry_of(connection: sqlite3.Connection, stem: str) -> Entry | None:
    row = connection.execute(
        f"SELECT {index.CONTENT} FROM contents c JOIN entries e USING (id) WHERE c.stem = ?", (stem,)
    ).fetchone()
    return None if row is None else index.decode_entry(*row)


def _was_deleted(connection: sqlite3.Connection, stem: str) -> bool:
    return connection.execute("SELECT 1 FROM deletions WHERE stem = ? LIMIT 1", (stem,)).fetchone() is not None


def _remove(root: Path, paths: list[str], found: Found, only_look: bool) -> None:
    there = [path for path in paths if os.path.lexists(root / path)]
    found.removed += len(there)
    if not only_look:
        files.remove(root, there)
