"""Every path in a file is relative to that file, whatever the working directory; ``~`` is the home directory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from engines.errors import FileError
from engines.files.paths import FilePath, PathRule, path_key, path_keys, resolve_paths


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A section."""

    file: Annotated[FilePath | None, Meta(description="A file.")] = None
    other: str = "text"


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """A file with paths in every kind of place."""

    files: Annotated[str, path_key(PathRule(pattern=True))] | tuple[FilePath, ...] = "frames/*.png"
    parts: tuple[Part, ...] = ()
    part: Part | None = None
    socket: Annotated[str, path_key(PathRule(prefix="ipc://", other="@*"))] = "ipc://s.ipc"
    start: Annotated[str, path_key(PathRule(words=("download",)))] = "download"
    model: Annotated[str, path_key(PathRule(or_name=True))] = "demo"


def test_the_types_say_which_keys_are_paths() -> None:
    keys = [key for key, _ in path_keys(Whole)]
    assert keys == ["files", "files[]", "parts[].file", "part.file", "socket", "start", "model"]


def test_paths_are_relative_to_the_folder_and_nothing_else_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    whole = Whole(
        files=("a.png", "/b.png", "~/c.png"),
        parts=(Part(file="x", other="x"), Part()),
        part=Part(file="../y"),
        start="z.pt",
        model="~/mine",
    )
    assert resolve_paths(whole, Path("/etc/line")) == Whole(
        files=("/etc/line/a.png", "/b.png", "/home/me/c.png"),
        parts=(Part(file="/etc/line/x", other="x"), Part()),
        part=Part(file="/etc/line/../y"),
        socket="ipc:///etc/line/s.ipc",
        start="/etc/line/z.pt",
        model="/home/me/mine",
    )


@pytest.mark.parametrize("socket", ["ipc://*", "ipc://@name", "ipc://", "tcp://127.0.0.1:5550", "ipc:///run/s.ipc"])
def test_an_address_without_a_relative_path_stays(socket: str) -> None:
    before = Whole(socket=socket, files="/frames")
    assert resolve_paths(before, Path("/etc/line")) == before


def test_the_folder_may_depend_on_the_key() -> None:
    whole = Whole(files="/f", parts=(Part(file="a"), Part(file="b")), socket="ipc://*")
    found = resolve_paths(whole, lambda key: Path("/cwd" if key == "parts[1].file" else "/file"))
    assert [part.file for part in found.parts] == ["/file/a", "/cwd/b"]


def test_brackets_in_the_folder_of_a_file_are_no_pattern(tmp_path: Path) -> None:
    folder = tmp_path / "line[1]"
    (folder / "roll[2]").mkdir(parents=True)
    assert resolve_paths(Whole(), folder).files == f"{tmp_path}/line[[]1]/frames/*.png"
    assert resolve_paths(Whole(files="roll[2]"), folder).files == f"{folder}/roll[2]"


def test_without_a_home_the_file_and_the_key_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Whole(parts=(Part(file="~nobody-has-this-name/x"),))
    with pytest.raises(FileError, match=r"^line\.yaml: parts\[0\]\.file: ~nobody-has-this-name/x: no home directory"):
        resolve_paths(whole, Path(), "line.yaml")
