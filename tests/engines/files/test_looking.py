"""Questions about paths: an answer or one line, never a traceback."""

from __future__ import annotations

import pwd
from pathlib import Path
from typing import NoReturn

import pytest

from engines.errors import FileError
from engines.files.looking import (
    entries,
    expanded,
    files_below,
    home,
    is_file,
    is_folder,
    is_same_file,
    is_there,
    resolved,
    size_of,
)
from engines.files.reading import first_line
from engines.files.text import brief, printable, printable_lines, spreadsheet_cell


def test_kinds(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    (tmp_path / "dangling").symlink_to("nowhere")
    assert is_file(tmp_path / "f")
    assert is_folder(tmp_path)
    assert not is_there(tmp_path / "dangling")
    assert not is_there(tmp_path / "f" / "below")
    assert not is_same_file(tmp_path / "f", tmp_path / "none")


@pytest.mark.parametrize(("name", "why"), [("x" * 300, "too long"), ("a\0b", "null"), ("loop", "symbolic links")])
def test_a_path_that_cannot_be_looked_for_is_one_line(tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    for question in (is_file, is_folder, is_there, size_of, entries, files_below):
        with pytest.raises(FileError, match=why):
            question(tmp_path / name)


def test_a_home_that_is_not_known_is_one_line() -> None:
    with pytest.raises(FileError, match=r"line.yaml: bundle: ~nobody-of-this-name/x: no home directory"):
        expanded("~nobody-of-this-name/x", "line.yaml: bundle")


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(uid: int) -> NoReturn:
        raise KeyError(uid)

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with pytest.raises(FileError, match=r"^plans: no home directory is known$"):
        home("plans")
    with pytest.raises(FileError, match="~/x: no home directory is known"):
        expanded("~/x")


def test_what_is_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("b/2.txt", "b/1.txt", "a.png", "c.txt"):
        (tmp_path / name).write_text(name)
    (tmp_path / "b" / "back").symlink_to(tmp_path)
    assert [path.name for path in entries(tmp_path)] == ["a.png", "b", "c.txt"]
    assert [path.name for path in entries(tmp_path, "*.txt")] == ["c.txt"]
    assert entries(tmp_path / "none") == entries(tmp_path / "a.png" / "x") == files_below(tmp_path / "none") == []
    assert [str(path.relative_to(tmp_path)) for path in files_below(tmp_path)] == [
        "a.png",
        "b/1.txt",
        "b/2.txt",
        "c.txt",
    ]
    assert (size_of(tmp_path / "a.png"), size_of(tmp_path / "none")) == (5, 0)
    assert resolved(tmp_path / "b" / "back") == tmp_path.resolve()


def test_the_first_line_of_any_file(tmp_path: Path) -> None:
    place = tmp_path / "a"
    for data, line in (
        (b"a,b\r\nc", "a,b"),
        (b"", ""),
        (b"\xef\xbb\xbfa\n", "a"),
        (b"\xff\xd8", "\ufffd\ufffd"),
        (b"x" * 9000, "x" * 4096),
    ):
        place.write_bytes(data)
        assert first_line(place) == line
    with pytest.raises(FileError, match="cannot be read"):
        first_line(tmp_path)


def test_lines_keep_their_ends() -> None:
    assert printable_lines("a\x1b\nb\r\n") == "a\ufffd\nb\ufffd\n"


@pytest.mark.parametrize("start", list("=+-@\t\r＝＋－＠"))
def test_no_cell_is_a_formula(start: str) -> None:
    cell = spreadsheet_cell(f"{start}1+1\x1b")
    assert cell == f"'{printable(start)}1+1\ufffd"


def test_other_cells_stay() -> None:
    for text in ("", "a=b", "a-1", "1", "'x", "ä ö"):
        assert spreadsheet_cell(text) == text


def test_text_that_could_steer_a_terminal_is_replaced() -> None:
    assert printable("\x1b[2J\x9b\x7f\u202eok\n") == "\ufffd[2J\ufffd\ufffd\ufffdok\ufffd"
    assert brief("a" * 5, 5) == "aaaaa"
    assert brief("a" * 6, 5) == "aa..."
