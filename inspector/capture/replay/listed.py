"""A list of files to replay: one name a line, or a CSV, with or without a heading, of which one column names the files."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from engines.errors import FileError
from engines.files.folders import files_in, with_suffix
from engines.files.looking import expanded, is_file, is_folder
from engines.files.reading import read_text
from engines.files.tables import Row, read_rows
from engines.files.text import brief
from inspector.errors import UserError

LIST_SUFFIXES = frozenset({".txt", ".csv"})
_FOLDERS = ("", "images", "train_images", "test_images")
"""Where listed files are looked for, relative to the list."""
_COLUMNS = ("file", "image", "imageid", "filename", "path", "name")
"""Headings of the column of names, the likeliest first, without capitals, blanks and underscores."""
_MORE_COLUMNS = frozenset(
    {"filepath", "imagename", "imagefile", "imagefilename", "imagepath", "img", "imgname", "imgpath", "frame"}
    | {"imgid", "framename", "imageidclassid", "picture", "photo"}
)
_WITH_CLASS = "imageidclassid"
"""Kaggle's heading of names with a class number behind them: a.jpg_1."""


def read_list(place: Path, suffixes: Collection[str]) -> list[Path]:
    """The files in a list (.txt, .csv), in its order, each once; ``suffixes`` are those of images.

    Raises UserError, or FileError, for a list of which nothing is there, or none of whose columns names a file.
    """
    is_csv = place.suffix.lower() == ".csv"
    rows = [row for row in (read_rows(place) if is_csv else _lines(place)) if not row[1][0].startswith("#")]
    if not rows:
        raise UserError(f"{place}: lists no files; expected one name a line")
    names = _names(place, rows, suffixes)
    files = [_found(place.parent, name) for name in dict.fromkeys(names)]
    if not files:
        raise UserError(f"{place}: lists no files; expected one name a line")
    if not any(map(is_recorded, files)):
        raise UserError(
            f"{place}: none of the {len(files)} listed files exists, the first being {brief(names[0])}; "
            f"looked in {place.parent} and, in it, in {', '.join(_FOLDERS[1:])}{_others(place.parent, suffixes)}"
        )
    return files


def is_recorded(path: Path) -> bool:
    """Whether a regular file is there. What cannot be looked for, such as a name that is too long, is not there; reading it tells why."""
    try:
        return is_file(path)
    except FileError:
        return False


def _lines(place: Path) -> Iterator[Row]:
    for number, line in enumerate(read_text(place).splitlines(), 1):
        if line.strip():
            yield number, [line.strip()]


def _names(place: Path, rows: Sequence[Row], suffixes: Collection[str]) -> list[str]:
    """The cells of the column that names the files, the heading left out."""
    heading = [re.sub(r"[\s_-]", "", cell.lower()) for cell in rows[0][1]]
    known = next((heading.index(name) for name in _COLUMNS if name in heading), None)
    if known is None:
        known = next((column for column, name in enumerate(heading) if name in _MORE_COLUMNS), None)
    if known is not None and len(rows) > 1 and not _is_name(place, rows[0][1][known], suffixes):
        columns = (known, *range(len(heading)))
        column = next((k for k in columns if _any_there(place, _named(rows[1:], k, heading))), known)
        return list(_named(rows[1:], column, heading))
    column = next((k for k in range(len(heading)) if _is_name(place, rows[0][1][k], suffixes)), None)
    if column is not None:
        return list(_named(rows, column))
    column = next((k for k in range(len(heading)) if _any_there(place, _named(rows[1:], k, heading))), None)
    if column is not None:  # the first row is no file, and others are: a heading in words that are not known
        return list(_named(rows[1:], column, heading))
    if len(heading) == 1:
        return list(_named(rows, 0))
    raise UserError(
        f"{place}: no column of it names files that are there; it has {brief(', '.join(rows[0][1]), 200)}; expected a column "
        f"{', '.join(_COLUMNS[:3])} or another of file names, relative to {place.parent} or to {', '.join(_FOLDERS[1:])} in it"
    )


def _named(rows: Sequence[Row], column: int, heading: Sequence[str] = ()) -> Iterator[str]:
    """The cells of a column that are not empty, without the class number that Kaggle's joined form puts behind a name."""
    names = (cells[column] for _, cells in rows if len(cells) > column and cells[column])
    if column < len(heading) and heading[column] == _WITH_CLASS:
        return (name.rpartition("_")[0] or name for name in names)
    return names


def _is_name(place: Path, cell: str, suffixes: Collection[str]) -> bool:
    """Whether a cell names a file, be it there or not."""
    return bool(cell) and (os.path.splitext(cell)[1].lower() in suffixes or is_recorded(_found(place.parent, cell)))


def _any_there(place: Path, names: Iterator[str]) -> bool:
    return any(is_recorded(_found(place.parent, name)) for name in names)


def _found(folder: Path, name: str) -> Path:
    """Where a listed file is; its place beside the list where it is nowhere. A backslash may separate folders, as on Windows."""
    name = _at_home(name)
    spellings = (name, name.replace("\\", "/")) if "\\" in name else (name,)
    candidates = [folder / below / spelling for spelling in spellings for below in _FOLDERS]
    return next((one for one in candidates if is_recorded(one)), candidates[0])


def _at_home(name: str) -> str:
    """The name with a leading ``~`` filled in; where nobody has that home it is part of a file's name."""
    if not name.startswith("~"):
        return name
    try:
        return str(expanded(name))
    except FileError:
        return name


def _others(folder: Path, suffixes: Collection[str]) -> str:
    """What is there, for a message."""
    for below in _FOLDERS:
        if is_folder(folder / below):
            files = files_in(folder / below, with_suffix(suffixes), below=False).files
            if files:
                return f"; {folder / below} holds {len(files)} image files, such as {files[0].name}"
    return ""
