"""Reviewing an entry, also while another process adds to the archive, and while others review.

Files come first and rows last, in one transaction that holds the index's write lock. Before, a mark is set in the index, so that the next
start of the line settles the entry if this process ends in between, however the line itself ended.
"""

from __future__ import annotations

import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engines.errors import FileError
from engines.files.looking import reason
from inspector.archive import files, index, review_files
from inspector.archive.entry import MOST_ID, Entry
from inspector.archive.index import RowError, synced, transaction
from inspector.archive.index_schema import open_for_writing, why_unusable
from inspector.archive.places import INDEX, reviewed_mask_path
from inspector.archive.protection import note, read_protected
from inspector.archive.review import (
    LONGEST_AUTHOR,
    LONGEST_NOTE,
    MOST_REVISIONS,
    ConflictError,
    GoneError,
    Proposal,
    Review,
    Truth,
    require_fitting,
    require_text,
)
from inspector.archive.review_rows import History, history_of, put
from inspector.errors import UserError
from inspector.results.journal_damage import SQLITE_ERRORS

_MARK = "reviewing "
"""Begins the key of a fact: an entry that is being reviewed. Its value is the entry's id."""


def review(
    root: Path, entry_id: int, asked: Proposal, *, author: str, clock_ns: Callable[[], int] = time.time_ns
) -> Review:
    """Keep what a person says of an entry, and return it as it is kept.

    Raises ConflictError where the entry is not at revision ``asked.base`` any more, GoneError where it is not there, UserError for a review
    that does not fit it, FileError where the archive cannot be read or written."""
    require_text("author", author, 1, LONGEST_AUTHOR)
    require_text("note", asked.note, 0, LONGEST_NOTE)
    path = root / INDEX
    with _told(root), _opened(path) as connection:
        entry = _entry(connection, path, entry_id)
        require_fitting(entry, asked)
        truth, mask = (None, None) if asked.says == "undone" else review_files.truth_of(root, entry, asked)
        with _marked(connection, entry), synced(connection), transaction(connection):
            entry = _entry(connection, path, entry_id)
            kept = _kept(root, connection, entry, asked, author, truth, mask, clock_ns())
        if isinstance(kept, ConflictError):
            raise kept
        return kept


def settle_marked(root: Path, connection: sqlite3.Connection) -> int:
    """Settle the entries that were being reviewed when a process ended; return how many were changed. Raises OSError and sqlite3.Error."""
    changed = 0
    for key, value in connection.execute(
        "SELECT key, value FROM facts WHERE substr(key, 1, ?) = ?", (len(_MARK), _MARK)
    ).fetchall():
        with synced(connection), transaction(connection):
            with suppress(GoneError, RowError, ValueError):
                entry = _entry(connection, root / INDEX, int(value))
                if review_files.settle(root, connection, entry):
                    changed += 1
                    note(connection, read_protected(root), [entry.id])
            connection.execute("DELETE FROM facts WHERE key = ?", (key,))
    return changed


def _kept(
    root: Path, connection: sqlite3.Connection, entry: Entry, asked: Proposal, author: str,
    truth: Truth | None, mask: bytes | None, now_ns: int,
) -> Review | ConflictError:  # fmt: skip
    """Write files and rows, in an open transaction. A conflict is returned: what was settled before is to be committed."""
    protected, stem = read_protected(root), index.require_own_paths(entry)
    try:
        if review_files.settle(root, connection, entry):
            note(connection, protected, [entry.id])
        history = history_of(connection, entry.id)
    except RowError as error:
        raise FileError(f"{root}: the reviews of entry {entry.id} cannot be read ({error}); remove its file") from None
    made = _next(entry, history, asked, author, truth, now_ns)
    if not isinstance(made, ConflictError):
        review_files.write(root, stem, (*history, made), mask)
        if truth is None:  # under the lock: afterwards the mask may be that of the next review
            files.remove(root, [reviewed_mask_path(stem)])
        put(connection, entry.id, (*history, made))
        note(connection, protected, [entry.id])
    return made


def _next(
    entry: Entry, history: History, asked: Proposal, author: str, truth: Truth | None, now_ns: int
) -> Review | ConflictError:
    last = history[-1] if history else None
    if asked.base != len(history):
        return ConflictError(entry.id, asked.base, last)
    if asked.says == "undone" and (last is None or last.truth is None):
        raise UserError(f"entry {entry.id}: is not reviewed; there is nothing to take back")
    if len(history) >= MOST_REVISIONS:
        raise UserError(f"entry {entry.id}: has been reviewed {MOST_REVISIONS} times; that is the most")
    return Review(
        entry=entry.id, revision=len(history) + 1, says=asked.says, judgements=asked.judgements, missed=asked.missed,
        note=asked.note, author=author, at_unix_ns=now_ns, truth=truth,
    )  # fmt: skip


@contextmanager
def _marked(connection: sqlite3.Connection, entry: Entry) -> Iterator[None]:
    """The mark stays where files may have been written, and rows not."""
    key = f"{_MARK}{uuid.uuid4().hex}"
    with synced(connection):
        connection.execute("INSERT INTO facts VALUES (?, ?)", (key, str(entry.id)))
    try:
        yield
    except (UserError, FileError):  # raised before anything is written
        connection.execute("DELETE FROM facts WHERE key = ?", (key,))
        raise
    connection.execute("DELETE FROM facts WHERE key = ?", (key,))


def _entry(connection: sqlite3.Connection, path: Path, id_: int) -> Entry:
    found = connection.execute(
        f"SELECT {index.CONTENT} FROM entries e JOIN contents c USING (id) WHERE e.id = ?", (min(id_, MOST_ID),)
    ).fetchone()
    if found is None:
        raise GoneError(f"archive {path.parent}: has no entry {id_}; it was deleted, or never there")
    try:
        return index.decode_entry(*found)
    except RowError as error:
        raise FileError(f"{path}: holds a row that no archive has written ({str(error)[:200]})") from None


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        raise FileError(
            f"{path.parent}: holds no archive ({INDEX} is missing); name the folder that archive.path names"
        )
    connection = open_for_writing(path)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def _told(root: Path) -> Iterator[None]:
    try:
        yield
    except SQLITE_ERRORS as error:
        raise FileError(f"{root / INDEX}: {why_unusable(error, 'cannot be written')}") from None
    except OSError as error:
        raise FileError(f"{root}: a review cannot be written ({reason(error)})") from None
