"""Which files of a folder count, whatever links and leftovers there are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engines.errors import FileError
from engines.files.folders import files_in, files_matching, is_leftover, names_in_a_run, with_suffix
from engines.files.looking import absence

PNG = with_suffix({".png"})


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def below(folder: Path, paths: list[Path] | tuple[Path, ...]) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in paths]


def test_leftovers_of_other_programs_are_left_out_and_told(tmp_path: Path) -> None:
    leftovers = [
        "._a.png",
        ".ipynb_checkpoints/a-checkpoint.png",
        "@eaDir/a.png",
        "__MACOSX/a.png",
        "below/@eaDir/b.png/thumbnail.jpg",
    ]
    make(tmp_path, "a.png", "B.PNG", "notes.txt", "below/b.png", *leftovers, ".git/deep/down/x.png", "Thumbs.db")
    found = files_in(tmp_path, PNG, below=True)
    assert below(tmp_path, found.files) == ["B.PNG", "a.png", "below/b.png"]
    assert set(below(tmp_path, found.leftovers)) == {*leftovers[:4], "below/@eaDir/b.png"}
    assert below(tmp_path, files_in(tmp_path, PNG, below=False).files) == ["B.PNG", "a.png"]
    assert below(tmp_path, files_matching(str(tmp_path / "**" / "*.png"))) == ["a.png", "below/b.png"]
    assert below(tmp_path, files_matching(str(tmp_path / ".ipynb*" / "*"))) == [leftovers[1]]
    assert is_leftover("Desktop.ini")


def test_links_are_followed_and_every_folder_is_searched_once(tmp_path: Path) -> None:
    make(tmp_path, "set/a/1.png", "set/b/2.png", "other/3.png")
    (tmp_path / "set" / "a" / "up").symlink_to("..")
    (tmp_path / "set" / "0-same-as-b").symlink_to("b")
    (tmp_path / "set" / "c").symlink_to("../other")
    (tmp_path / "set" / "d").symlink_to(tmp_path / "other")
    (tmp_path / "set" / "a" / "again.png").symlink_to("1.png")
    expected = ["a/1.png", "a/again.png", "b/2.png", "c/3.png"]
    assert below(tmp_path / "set", files_in(tmp_path / "set", PNG, below=True).files) == expected
    for pattern in ("**/*.png", "*/*.png", "**", "*/**/*.png"):
        assert below(tmp_path / "set", files_matching(str(tmp_path / "set" / pattern))) == expected, pattern
    assert files_matching(str(tmp_path / "set" / "[ab]" / "1.png")) == [tmp_path / "set" / "a" / "1.png"]


def test_what_leads_nowhere_is_listed_and_what_is_no_file_is_not(tmp_path: Path) -> None:
    make(tmp_path, "a.png", "folder.png/x.txt")
    (tmp_path / "gone.png").symlink_to(".git/annex/x")
    (tmp_path / "loop.png").symlink_to("loop.png")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "device.png").symlink_to("/dev/zero")
    expected = ["a.png", "gone.png", "loop.png"]
    assert below(tmp_path, files_in(tmp_path, PNG, below=False).files) == expected
    assert below(tmp_path, files_matching(str(tmp_path / "*.png"))) == expected
    assert absence(tmp_path / "gone.png") == "is a link to a file that is not there"
    assert absence(tmp_path / "none.png") == "does not exist"
    for list_it in (lambda path: files_in(path, PNG, below=True), lambda path: files_matching(f"{path}/**/*")):
        with pytest.raises(FileError, match=r"cannot be (listed|looked for)"):
            list_it(tmp_path / "loop.png")


def test_names_that_repeat_are_told_by_the_folders_that_differ() -> None:
    paths = [Path("k/1/x/p.png"), Path("k/2/x/p.png"), Path("k/2/x/q.png"), Path("k/2/x/q.png")]
    assert names_in_a_run(paths) == ["1/x/p.png", "2/x/p.png", "q.png", "q.png"]
    assert names_in_a_run([Path("a/p.png")]) == ["p.png"]
    assert names_in_a_run([]) == []
