"""Copies a journal by SQLite's online backup while a daemon writes it, without holding it up.

The copy is the journal at one moment: a read transaction is open meanwhile. Without it every commit of the daemon would begin the copy anew. A
reader never makes SQLite's writer wait; what the daemon writes meanwhile stays in the write-ahead log a little longer.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from engines.errors import FileError
from inspector.backup.pace import Pace
from inspector.errors import UserError
from inspector.results.journal_damage import SQLITE_ERRORS, in_words
from inspector.results.journal_schema import open_for_reading

_PAGES = 64
"""Copied at a time."""
Progress = Callable[[int, int], None]
"""Called with the bytes that are done and those of all."""


class UncopiedError(UserError):
    """The journal could not be copied, or the copy is damaged."""


def copy_journal(path: Path, target: Path, progress: Progress = lambda done, all_of_them: None) -> None:
    """Copy the journal at ``path`` to the file ``target``, which is not there yet, and check the copy.

    Raises UncopiedError where the journal is none or damaged, FileError where the copy cannot be written."""
    try:
        source = open_for_reading(path)
    except UserError as error:
        raise UncopiedError(str(error)) from None
    with closing(source):
        try:
            _copy(source, target, progress)
            damage = _damage(target)
        except SQLITE_ERRORS as error:
            if "full" in str(error) or "disk I/O" in str(error):
                raise FileError(f"{target.parent}: the copy of {path} cannot be written ({error})") from None
            raise UncopiedError(f"journal {path}: {in_words(error)}") from None
    if damage:
        raise UncopiedError(f"journal {path}: is damaged ({damage})")


def _copy(source: sqlite3.Connection, target: Path, progress: Progress) -> None:
    source.execute("BEGIN")
    page_bytes = int(source.execute("PRAGMA page_size").fetchone()[0])
    source.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from here on the connection sees this moment
    with closing(sqlite3.connect(target, isolation_level=None)) as copy:
        for setting in ("journal_mode = OFF", "synchronous = OFF"):  # nobody uses a copy that is not complete
            copy.execute(f"PRAGMA {setting}")
        descriptor = os.open(target, os.O_RDWR | os.O_CLOEXEC)
        try:
            pace = Pace(descriptor)

            def step(_: int, left: int, pages: int) -> None:
                progress((pages - left) * page_bytes, pages * page_bytes)
                pace.step(_PAGES * page_bytes)

            source.backup(copy, pages=_PAGES, progress=step)
        finally:
            os.close(descriptor)


def _damage(copy: Path) -> str:
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    return "" if found == "ok" else " ".join(found.split())
