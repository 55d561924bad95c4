"""The one reader of CSV: for lists of frames, labels, groups and splits.

Cells may be as long as the file: the run lengths of one frame go beyond the 131,072 characters of Python's own limit. A quote that is
never closed is refused, where Python would put all further rows into one cell.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engines.errors import FileError
from engines.files.reading import MOST_BYTES, read_text
from engines.files.text import brief

csv.field_size_limit(MOST_BYTES)

Row = tuple[int, list[str]]
"""Number of the row's last line in the file, from 1; and its cells, without blanks around them."""


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV whose first row names the columns; iterate over it once."""

    path: Path
    columns: tuple[str, ...]
    rows: Iterator[Row]

    def __iter__(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Line number, and cell by column; a short row has empty cells at its end. Raises FileError."""
        for line, cells in self.rows:
            padded = cells + [""] * (len(self.columns) - len(cells))
            yield line, {column: cell for column, cell in zip(self.columns, padded, strict=False) if column}

    def named(self) -> str:
        """The columns, for a message."""
        return brief(", ".join(self.columns), 200) or "none"


def read_rows(path: Path) -> Iterator[Row]:
    """The rows that are not empty. Raises FileError naming the file, and the line where it is no CSV."""
    return parse_rows(read_text(path), path)


def parse_rows(text: str, path: Path) -> Iterator[Row]:
    """As `read_rows`, of a text; ``path`` names it in errors."""
    nul = text.find("\0")
    if nul >= 0:  # refused by Python 3.10 and taken for a character by later ones
        raise FileError(
            f"{path}: line {text.count(chr(10), 0, nul) + 1}: cannot be read as CSV (it holds a NUL character)"
        )
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise FileError(f"{path}: line {reader.line_num}: cannot be read as CSV ({error})") from None


def read_table(path: Path, needed: tuple[str, ...] = ()) -> Table:
    """A table that has the columns ``needed``. Raises FileError where it lacks one, or names one twice."""
    rows = read_rows(path)
    _, columns = next(rows, (0, []))
    table = Table(path, tuple(columns), rows)
    if not set(needed) <= set(columns):
        raise FileError(f"{path}: columns {table.named()}; expected {','.join(needed)}")
    twice = next((one for one in columns if one and columns.count(one) > 1), None)
    if twice is not None:
        raise FileError(f"{path}: has the column {brief(twice)!r} twice; rename one of them")
    return table
