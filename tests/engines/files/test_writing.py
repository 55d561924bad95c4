"""Outputs: never over an input, never half written, links and devices as a user expects."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from engines.errors import FileError
from engines.files.writing import (
    binary_output,
    check_output,
    folder_beside,
    output_folder,
    refuse_folders,
    refuse_inputs,
    take_place,
    text_output,
    write_bytes,
    write_text,
)


def _names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def test_a_file_takes_its_place_when_it_is_complete(tmp_path: Path) -> None:
    place = tmp_path / "a.csv"
    place.write_text("old")
    with text_output(place) as file:
        file.write("new\r\n")
        assert place.read_text() == "old"
    assert place.read_bytes() == b"new\r\n"
    assert _names(tmp_path) == ["a.csv"]


def test_an_error_leaves_what_was_there_and_no_other_file(tmp_path: Path) -> None:
    place = tmp_path / "a.csv"
    place.write_text("old")
    with suppress(KeyboardInterrupt), text_output(place) as file:
        file.write("half")
        raise KeyboardInterrupt
    assert place.read_text() == "old"
    assert _names(tmp_path) == ["a.csv"]


@pytest.mark.parametrize("spelling", ["in.csv", "sub/../in.csv", "hard.csv", "soft.csv"])
def test_an_input_is_never_written_over(tmp_path: Path, spelling: str) -> None:
    source = tmp_path / "in.csv"
    source.write_text("precious")
    (tmp_path / "sub").mkdir()
    os.link(source, tmp_path / "hard.csv")
    (tmp_path / "soft.csv").symlink_to(source)
    with (
        pytest.raises(FileError, match=r"--out .*: is the list that is read; name another file"),
        text_output(tmp_path / spelling, {"the list that is read": source}, "--out"),
    ):
        pass
    assert source.read_text() == "precious"


def test_where_an_input_would_be_looked_for_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="is the list"):
        refuse_inputs(tmp_path / "x" / ".." / "frames.csv", {"the list": tmp_path / "frames.csv"})


def test_a_folder_that_is_read_is_no_place_for_outputs(tmp_path: Path) -> None:
    (tmp_path / "frames" / "below").mkdir(parents=True)
    (tmp_path / "link").symlink_to("frames")
    read = {"the folder of the frames": tmp_path / "frames"}
    with pytest.raises(FileError, match=r"--report .*link: is the folder of the frames; name another folder"):
        refuse_folders(tmp_path / "link", read, "--report")
    refuse_folders(tmp_path / "frames" / "below", read)
    for inside in ("frames/below", "link/new/one"):
        with pytest.raises(FileError, match="lies in the folder of the frames"):
            refuse_folders(tmp_path / inside, read, below=True)
    refuse_folders(tmp_path / "frames2", read, below=True)


def test_a_folder_takes_its_place_when_it_is_complete(tmp_path: Path) -> None:
    place = tmp_path / "sub" / "made"
    with folder_beside(place) as scratch:
        (scratch / "made").mkdir()
        (scratch / "made" / "f").write_text("x")
        take_place(scratch / "made", place)
    assert _names(tmp_path / "sub") == ["made"]
    with folder_beside(place) as scratch:
        (scratch / "made").mkdir()
        with pytest.raises(FileError, match=r"-o .*made: cannot be written"):
            take_place(scratch / "made", place, "-o")
    (tmp_path / "f").write_text("")
    with pytest.raises(FileError, match="is no folder"), folder_beside(tmp_path / "f" / "made"):
        pass


def test_a_link_is_followed_and_stays(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.txt"
    link.symlink_to(tmp_path / "real" / "there.txt")
    write_text(link, "x")
    assert link.is_symlink()
    assert (tmp_path / "real" / "there.txt").read_text() == "x"


def test_permissions_are_those_of_the_old_file_and_of_a_new_one(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.write_text("")
    old.chmod(0o640)
    write_bytes(old, b"1")
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    plain = tmp_path / "plain"
    plain.write_text("")
    write_bytes(tmp_path / "new", b"1")
    assert (tmp_path / "new").stat().st_mode == plain.stat().st_mode


def test_a_pipe_is_written_in_place(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    write_bytes(Path(f"/proc/self/fd/{writer}"), b"through")
    os.close(writer)
    with open(reader, "rb") as file:
        assert file.read() == b"through"


@pytest.mark.parametrize(
    ("place", "why"),
    [("/dev/full", "No space left on device"), ("none/a.csv", "its folder does not exist"), (".", "Is a directory"),
     ("x" * 300, "File name too long"), ("a\0b", "null")],
)  # fmt: skip
def test_what_cannot_be_written_is_one_line(tmp_path: Path, place: str, why: str) -> None:
    with pytest.raises(FileError, match=why) as raised, binary_output(tmp_path / place, option="-o") as file:
        file.write(b"x" * 100_000)
    assert "\n" not in str(raised.value)
    assert str(raised.value).startswith("-o ")


@pytest.mark.parametrize(
    ("place", "why"), [("none/a.csv", "its folder does not exist"), (".", "Is a directory"), ("in.csv", "is the list")]
)
def test_what_cannot_be_written_is_told_before_the_work(tmp_path: Path, place: str, why: str) -> None:
    inputs = {"the list": tmp_path / "in.csv"}
    with pytest.raises(FileError, match=f"^-o .*{why}"):
        check_output(tmp_path / place, inputs, "-o")
    check_output(tmp_path / "out.csv", inputs, "-o")
    assert _names(tmp_path) == []


def test_errors_of_other_files_keep_their_own_words(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), text_output(tmp_path / "a.csv"):
        (tmp_path / "sub" / "missing").read_text()


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    with pytest.raises(FileError, match=r"--report .*f: is no folder"):
        output_folder(tmp_path / "f", "--report")
    assert output_folder(tmp_path / "a" / "b").is_dir()
