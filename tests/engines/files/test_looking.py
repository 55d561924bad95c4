"""Questions about paths: an answer or one line, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from engines.errors import FileError
from engines.files.looking import expanded, is_file, is_folder, is_same_file, is_there
from engines.files.text import brief, printable


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
    for question in (is_file, is_folder, is_there):
        with pytest.raises(FileError, match=why):
            question(tmp_path / name)


def test_a_home_that_is_not_known_is_one_line() -> None:
    with pytest.raises(FileError, match=r"line.yaml: bundle: ~nobody-of-this-name/x: no home directory"):
        expanded("~nobody-of-this-name/x", "line.yaml: bundle")


def test_text_that_could_steer_a_terminal_is_replaced() -> None:
    assert printable("\x1b[2J\x9b\x7f\u202eok\n") == "\ufffd[2J\ufffd\ufffd\ufffdok\ufffd"
    assert brief("a" * 5, 5) == "aaaaa"
    assert brief("a" * 6, 5) == "aa..."
