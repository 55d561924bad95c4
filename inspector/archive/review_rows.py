"""Reviews in the index."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from inspector.archive.index import RowError
from inspector.archive.places import reviewed_mask_path, stem_in
from inspector.archive.review import Review

History = tuple[Review, ...]
"""All reviews of an entry, the first one first."""
_decoder = msgspec.json.Decoder(Review)


def has_reviews(connection: sqlite3.Connection) -> bool:
    """Whether the index has the tables of reviews; one of version 1 has not."""
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'reviewed'").fetchone() is not None


def history_of(connection: sqlite3.Connection, id_: int) -> History:
    """The reviews of an entry. Raises RowError for a row that no archive has written."""
    rows = connection.execute("SELECT review FROM reviews WHERE id = ? ORDER BY revision", (id_,))
    return tuple(decode_review(row[0]) for row in rows)


def decode_review(content: bytes) -> Review:
    """Raises RowError."""
    try:
        review = _decoder.decode(content)
    except (msgspec.DecodeError, TypeError, UnicodeDecodeError, RecursionError) as error:
        raise RowError(str(error)) from None
    if review.truth is not None and _stem_of(review.truth.mask.path) is None:
        raise RowError(f"{review.truth.mask.path[:80]!r} is no place of the archive")
    return review


def put(connection: sqlite3.Connection, id_: int, history: Sequence[Review]) -> None:
    """Make these the reviews of an entry, in an open transaction. What is protected is not brought up to date."""
    connection.execute("DELETE FROM reviews WHERE id = ?", (id_,))
    connection.execute("DELETE FROM reviewed WHERE id = ?", (id_,))
    connection.executemany(
        "INSERT INTO reviews VALUES (?, ?, ?)", [(id_, one.revision, msgspec.json.encode(one)) for one in history]
    )
    if history and history[-1].truth is not None:
        connection.execute("INSERT INTO reviewed VALUES (?, ?)", (id_, int(history[-1].dismisses)))


def _stem_of(path: str) -> str | None:
    stem = stem_in(f"images/{path.partition('/')[2]}")
    return stem if stem is not None and path == reviewed_mask_path(stem) else None
