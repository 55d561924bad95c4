"""The archive's index: rows of entries, of deletions, and sums."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from inspector.archive.entry import Entry, Evidence
from inspector.archive.places import image_path, mask_path, stem_in, thumbnail_path

_decoder = msgspec.json.Decoder(Entry)


class RowError(ValueError):
    """A row of the index holds what no archive has written."""


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """Sums of one class of evidence, or of all."""

    entries: int = 0
    bytes: int = 0
    protected_bytes: int = 0
    lost: int = 0

    def __add__(self, other: Total) -> Total:
        return Total(
            entries=self.entries + other.entries,
            bytes=self.bytes + other.bytes,
            protected_bytes=self.protected_bytes + other.protected_bytes,
            lost=self.lost + other.lost,
        )


class Deletion(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that was deleted."""

    number: int
    """Rises in the order of deletion."""
    id: int
    run: str | None
    camera: str
    frame: int
    evidence: str
    verdict: str
    bytes: int
    why: str
    deleted_unix_ns: int
    stem: str
    """What its files were called."""


DELETION = ", ".join(Deletion.__struct_fields__)
MOST_DELETIONS = 1_000_000
"""So many rows of deletions are kept, the latest ones."""
CONTENT = "c.entry, e.protected, e.lost"
_OF_AN_ENTRY = ("entries", "contents", "classes", "reviews", "reviewed")
"""Tables with rows of entries, by their id."""


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """A transaction that is committed at the end, and rolled back after an error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def synced(connection: sqlite3.Connection) -> Iterator[None]:
    """What is committed meanwhile is on the disk when the commit ends; it survives a power cut."""
    connection.execute("PRAGMA synchronous = FULL")
    try:
        yield
    finally:
        connection.execute("PRAGMA synchronous = NORMAL")


def decode_entry(content: bytes, protected: int, lost: int) -> Entry:
    """The entry of a row. Raises RowError for a row that no archive has written, such as one with a path that leads out of the archive."""
    try:
        entry = _decoder.decode(content)
    except (msgspec.DecodeError, TypeError, UnicodeDecodeError, RecursionError) as error:
        raise RowError(str(error)) from None
    require_own_paths(entry)
    return msgspec.structs.replace(entry, protected=bool(protected), lost=bool(lost))


def require_own_paths(entry: Entry) -> str:
    """The stem of the entry's files. Raises RowError where they are not where an archive puts them."""
    stem = stem_in(entry.image.path)
    if (
        stem is None
        or entry.image.path != image_path(stem, entry.format)
        or (entry.mask is not None and entry.mask.path != mask_path(stem))
        or (entry.thumbnail is not None and entry.thumbnail.path != thumbnail_path(stem))
    ):
        raise RowError(f"{entry.image.path[:80]!r} is no place of the archive")
    return stem


def next_id(connection: sqlite3.Connection) -> int:
    """The id of the next entry; ids of deleted ones are not given again."""
    used = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'entries'").fetchone()
    deleted = connection.execute("SELECT max(id) FROM deletions").fetchone()[0]
    return max(used[0] if used else 0, deleted or 0) + 1


def id_of(connection: sqlite3.Connection, stem: str) -> int | None:
    """The id of the entry whose files are called so."""
    found = connection.execute("SELECT id FROM contents WHERE stem = ?", (stem,)).fetchone()
    return None if found is None else int(found[0])


def insert(connection: sqlite3.Connection, entry: Entry) -> None:
    """Add the row of an entry, in an open transaction. An entry of a protected run is protected."""
    run_is = connection.execute("SELECT 1 FROM protected_runs WHERE run = ?", (entry.run,)).fetchone()
    row = (
        entry.id, entry.run, entry.line, entry.camera, entry.epoch, entry.frame, entry.evidence.value, entry.verdict.value,
        entry.captured_unix_ns, entry.added_unix_ns, entry.gate_score, entry.worth, entry.bytes, int(entry.protected or run_is is not None), int(entry.lost),
    )  # fmt: skip
    connection.execute(f"INSERT INTO entries VALUES ({', '.join('?' * len(row))})", row)
    content = msgspec.json.encode(entry)
    connection.execute("INSERT INTO contents VALUES (?, ?, ?)", (entry.id, require_own_paths(entry), content))
    connection.executemany(
        "INSERT INTO classes VALUES (?, ?)", [(one, entry.id) for one in dict.fromkeys(entry.classes)]
    )


def delete(
    connection: sqlite3.Connection, ids: Iterable[int], why: str, unix_ns: int, *, also_protected: bool
) -> list[Entry]:
    """Turn rows into rows of deletions, in an open transaction; return the entries, without those that are protected or not there."""
    gone = []
    for one in ids:
        kept = "" if also_protected else " AND e.protected = 0"
        found = connection.execute(
            f"SELECT {CONTENT} FROM entries e JOIN contents c USING (id) WHERE e.id = ?{kept}", (one,)
        ).fetchone()
        if found is None:
            continue
        entry = decode_entry(*found)
        connection.execute(
            f"INSERT INTO deletions ({DELETION}) VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                entry.id, entry.run, entry.camera, entry.frame, entry.evidence.value, entry.verdict.value, entry.bytes, why,
                unix_ns, require_own_paths(entry),
            ),
        )  # fmt: skip
        for table in _OF_AN_ENTRY:
            connection.execute(f"DELETE FROM {table} WHERE id = ?", (one,))
        gone.append(entry)
    return gone


def forget_deletions(connection: sqlite3.Connection, most: int = MOST_DELETIONS) -> None:
    """Take the earliest rows of deletions out, where there are more than ``most``; in an open transaction."""
    connection.execute("DELETE FROM deletions WHERE number <= (SELECT max(number) FROM deletions) - ?", (most,))


def totals(connection: sqlite3.Connection) -> dict[Evidence, Total]:
    """Sums by class of evidence."""
    found = {
        row[0]: row[1:]
        for row in connection.execute("SELECT evidence, entries, bytes, protected_bytes, lost FROM totals")
    }
    keys = ("entries", "bytes", "protected_bytes", "lost")
    return {one: Total(**dict(zip(keys, found.get(one.value, (0, 0, 0, 0)), strict=True))) for one in Evidence}


def set_lost(connection: sqlite3.Connection, ids: Sequence[int], lost: bool) -> None:
    """Say of entries that their files are not there any more, or are there again, in an open transaction."""
    connection.executemany("UPDATE entries SET lost = ? WHERE id = ?", [(int(lost), one) for one in ids])


def forget(connection: sqlite3.Connection, ids: Sequence[int]) -> None:
    """Take damaged rows out, in an open transaction."""
    for table in _OF_AN_ENTRY:
        connection.executemany(f"DELETE FROM {table} WHERE id = ?", [(one,) for one in ids])
