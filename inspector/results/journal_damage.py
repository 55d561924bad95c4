"""Damaged journals: telling damage from other errors of SQLite, and setting a damaged file aside.

A power cut on a worn SD card, or a full disk image, can leave a file that SQLite calls malformed. Nothing is ever deleted of it.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime, timezone
from pathlib import Path

from engines.files.text import brief

_LONGEST = 300
"""Characters of an error of SQLite, which may quote what is in the file."""
SQLITE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What a statement may raise. The second comes where the text of the first quotes damaged bytes that are no UTF-8."""


class RowError(ValueError):
    """A row of a damaged file holds what no journal has written; SQLite does not look at what is in a row."""


def in_words(error: BaseException) -> str:
    """What an error of SQLite says, in one line."""
    return brief(str(error), _LONGEST) or "its text cannot be read either"


_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
_USER_VERSION = slice(60, 64)
"""Where an SQLite file holds the number that ``PRAGMA user_version`` gives (https://www.sqlite.org/fileformat.html)."""
COMPANIONS = ("-wal", "-shm")
"""Ends of the names of files that SQLite keeps beside one that is open."""


def is_damage(error: BaseException) -> bool:
    """Whether an error of SQLite says that the content of the file is damaged; waiting or a larger disk would not help."""
    text = str(error)
    if isinstance(error, UnicodeDecodeError) or not text:  # empty: what Python 3.10 makes of such a text
        return True
    return isinstance(error, sqlite3.DatabaseError) and ("malformed" in text or "not a database" in text)


def may_be_ours(path: Path, newest_version: int) -> bool:
    """Whether a damaged file was a journal of this program: by what is left of its header, or because nothing but zeros is left."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except OSError:
        return False
    if header and not any(header):
        return True
    return header.startswith(_MAGIC) and 1 <= int.from_bytes(header[_USER_VERSION], "big") <= newest_version


def set_aside(path: Path, why: str = "damaged") -> Path:
    """Rename the journal with its companions to a name that says why and when; return the new name. Raises OSError."""
    moment = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    names = (
        path.with_name(f"{path.name}.{why}-{moment}{suffix}") for suffix in ("", *(f"-{n}" for n in range(2, 100)))
    )
    aside = next((one for one in names if not one.exists()), None)
    if aside is None:
        raise FileExistsError(f"there are too many journals set aside beside {path}")
    # The write-ahead log first: SQLite would take one that is left beside a new file for that file's own.
    for suffix in COMPANIONS:
        companion = path.with_name(path.name + suffix)
        if companion.exists():
            companion.rename(aside.with_name(aside.name + suffix))
    path.rename(aside)
    return aside
