"""The one reader of CSV: long cells, and what is no CSV."""

from __future__ import annotations

from pathlib import Path

import pytest

from engines.errors import FileError
from engines.files.tables import read_rows, read_table


def write(folder: Path, text: str) -> Path:
    path = folder / "t.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_cells_of_any_length_and_rows_with_their_lines(tmp_path: Path) -> None:
    long = "1 1 " * 50_000
    table = read_table(write(tmp_path, f'\ufeffname, runs,\n\na,"{long}"\nb\n,,\nc,"2\n2",x,y\n'), ("name", "runs"))
    assert list(table) == [
        (3, {"name": "a", "runs": long.strip()}),
        (4, {"name": "b", "runs": ""}),
        (7, {"name": "c", "runs": "2\n2"}),
    ]
    assert list(read_rows(write(tmp_path, ""))) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('name,x\na,"1 2\nb,3\n', r"line 3: cannot be read as CSV \(unexpected end of data\)"),
        ('name,x\na,"1"2\n', r"line 2: cannot be read as CSV \(',' expected after"),
        ("name,x\na\0,1\n", r"line 2: cannot be read as CSV \(it holds a NUL"),
        ("name;x\n", "columns name;x; expected name,x"),
        ("", "columns none; expected name,x"),
        ("name,x,name\n", "has the column 'name' twice"),
    ],
)
def test_what_is_no_table_is_one_line(text: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=why) as told:
        list(read_table(write(tmp_path, text), ("name", "x")))
    assert "\n" not in str(told.value)
