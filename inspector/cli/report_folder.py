"""The folder that a report is written to: never one whose files are others', or would be read as frames the next time."""

from __future__ import annotations

import glob
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path, PurePath

from engines.errors import FileError
from engines.files.looking import is_there, reason, resolved
from engines.files.writing import UNWRITABLE, output_folder, refuse_folders

OPTION = "--report"
JOURNAL = "journal.sqlite"
PAGE = "index.html"
FIGURES = ("report.json", "evaluation.json", "comparison.json")
"""Written before the page, so one of them is beside the page of every report."""
_OURS = 0x494E5350
"""SQLite's application id of a report's journal, by which it is told from a line's."""
_ID_AT = 68
"""Where it is in the file's header."""


def prepare_report(
    folder: Path, read: dict[str, Path], searched: dict[str, Path] | None = None, option: str = OPTION
) -> None:
    """Make the folder. Raises FileError where it is one of those that are read, is or lies in one that is searched through, or holds a
    page that is not of an earlier report."""
    refuse_folders(folder, read, option)
    refuse_folders(folder, searched or {}, option, below=True)
    output_folder(folder, option)
    if is_there(folder / PAGE) and not any(is_there(folder / name) for name in FIGURES):
        raise FileError(f"{option} {folder}: {PAGE} there is not of an earlier report; name another folder")


def begin_journal(folder: Path) -> Path:
    """An empty journal in the report's folder, in place of an earlier report's. Raises FileError where another one is there."""
    journal = folder / JOURNAL
    if is_there(journal) and not _is_ours(journal):
        raise FileError(f"{OPTION} {folder}: {JOURNAL} there is not of an earlier report; name another folder")
    try:
        for old in (journal, *(journal.with_name(journal.name + end) for end in ("-wal", "-shm", "-journal"))):
            old.unlink(missing_ok=True)
        with closing(sqlite3.connect(journal)) as made:
            made.execute(f"PRAGMA application_id = {_OURS}")
    except (OSError, sqlite3.Error) as error:
        raise FileError(f"{OPTION} {folder}: {UNWRITABLE} ({reason(error)})") from None
    return journal


def frame_folders(path: str, files: Sequence[Path], report: Path) -> dict[str, Path]:
    """The folders in which a replay of ``path`` would take the report's pictures for frames the next time."""
    first = {file.parent: file for file in reversed(files)}
    folders = {f"the folder of the frame {file.name}": parent for parent, file in first.items()}
    pattern = os.path.abspath(path)
    if "**" in path and glob.has_magic(path):
        searched = Path(*_before_magic(PurePath(pattern)))
        if searched in resolved(report).parents:
            folders[f"a folder below {searched}, which is searched for frames"] = report
    elif glob.has_magic(path) and PurePath(os.path.abspath(report / "picture.png")).match(pattern):
        folders[f"a folder in which {path} finds frames"] = report
    return folders


def _before_magic(pattern: PurePath) -> list[str]:
    parts = list(pattern.parts)
    return parts[: next(i for i, part in enumerate(parts) if glob.has_magic(part))]


def _is_ours(journal: Path) -> bool:
    try:
        with journal.open("rb") as file:
            header = file.read(_ID_AT + 4)
    except OSError as error:
        raise FileError(f"{OPTION} {journal}: cannot be read ({reason(error)})") from None
    return int.from_bytes(header[_ID_AT:], "big") == _OURS
