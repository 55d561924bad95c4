"""Protecting runs and entries from the quotas, also while another process adds to the archive.

What is protected stands in a file, too, so that an index that is made again knows it. An entry that a person has reviewed is protected as
long as the review stands.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

import msgspec

from engines.errors import FileError
from engines.files.looking import reason
from inspector.archive import files
from inspector.archive.index import transaction
from inspector.archive.index_schema import open_for_writing, why_unusable
from inspector.archive.places import INDEX
from inspector.results.journal_damage import SQLITE_ERRORS

FILE = "protected.json"
_MOST_BYTES = 64 << 20
_REVIEWED = "id IN (SELECT id FROM reviewed)"


class Protected(msgspec.Struct, frozen=True, kw_only=True):
    """What is protected."""

    runs: tuple[str, ...] = ()
    entries: tuple[int, ...] = ()
    """Ids of those that are protected one by one."""


def protect(root: Path, what: str | Iterable[int], on: bool = True) -> int:
    """Protect a run, with what is added to it later, or entries by their ids; or no longer. Return how many entries of it there are.

    An entry of a protected run stays protected for as long as its run is. Raises FileError, and UserError for what is no archive."""
    path = root / INDEX
    if not path.is_file():
        raise FileError(f"{root}: holds no archive ({INDEX} is missing); name the folder that archive.path names")
    try:
        connection = open_for_writing(path)
    except SQLITE_ERRORS as error:
        raise FileError(f"{path}: {why_unusable(error, 'cannot be written')}") from None
    try:
        with transaction(connection):
            before = read_protected(root)
            runs, entries = set(before.runs), set(before.entries)
            if isinstance(what, str):
                (runs.add if on else runs.discard)(what)
                ids = [int(row[0]) for row in connection.execute("SELECT id FROM entries WHERE run = ?", (what,))]
            else:
                ids = [one for one in dict.fromkeys(what) if _is_there(connection, one)]
                entries = entries | set(ids) if on else entries - set(ids)
            after = Protected(runs=tuple(sorted(runs)), entries=tuple(sorted(entries)))
            files.write(root, FILE, msgspec.json.encode(after))
            note(connection, after, ids)
    except SQLITE_ERRORS as error:
        raise FileError(f"{path}: {why_unusable(error, 'cannot be written')}") from None
    except OSError as error:
        raise FileError(f"{root / FILE}: cannot be written ({reason(error)})") from None
    finally:
        connection.close()
    return len(ids)


def note(connection: sqlite3.Connection, protected: Protected, ids: Iterable[int]) -> None:
    """Bring the rows of entries to what is protected, in an open transaction."""
    connection.execute("DELETE FROM protected_runs")
    connection.executemany("INSERT INTO protected_runs VALUES (?)", [(run,) for run in protected.runs])
    single = set(protected.entries)
    connection.executemany(
        f"UPDATE entries SET protected = (? OR run IN (SELECT run FROM protected_runs) OR {_REVIEWED}) WHERE id = ?",
        [(int(one in single), one) for one in ids],
    )


def note_all(connection: sqlite3.Connection, protected: Protected) -> None:
    """As `note`, of whatever row is not as the file says."""
    note(connection, protected, ())
    marked = connection.execute("SELECT id FROM entries WHERE protected = 1")
    by_run = connection.execute(
        f"SELECT id FROM entries WHERE protected = 0 AND (run IN (SELECT run FROM protected_runs) OR {_REVIEWED})"
    )
    ids = {int(row[0]) for rows in (marked, by_run) for row in rows}
    note(connection, protected, sorted(ids | set(protected.entries)))


def read_protected(root: Path) -> Protected:
    """What is protected; nothing where there is no such file. Raises FileError for one that cannot be read."""
    path = root / FILE
    if not path.is_file():
        return Protected()
    try:
        return msgspec.json.decode(files.read_regular(path, _MOST_BYTES), type=Protected)
    except msgspec.DecodeError as error:
        raise FileError(f"{path}: does not say what is protected ({error}); correct it, or remove it") from None


def _is_there(connection: sqlite3.Connection, id_: int) -> bool:
    return connection.execute("SELECT 1 FROM entries WHERE id = ?", (id_,)).fetchone() is not None
