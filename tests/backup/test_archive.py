"""Archives that are damaged, or made by somebody with bad intentions: refused in one line, and nothing is written."""

from __future__ import annotations

import hashlib
import io
import json
import random
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from engines.errors import FileError
from inspector.backup.archive import Archive
from inspector.errors import UserError
from tests.backup.plant import Plant
from tests.cli.in_process import refused, run

Members = list[tuple[tarfile.TarInfo, bytes]]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    plant = Plant(folder / "plant")
    assert run("backup", folder / "backup.tar", "-c", plant.config).status == 0
    return folder / "backup.tar"


def members(archive: Path) -> Members:
    with tarfile.open(archive) as tar:
        return [(info, file.read()) for info in tar if (file := tar.extractfile(info)) is not None]


def write(path: Path, content: Members) -> None:
    with tarfile.open(path, "w") as tar:
        for info, data in content:
            info.size = len(data) if info.isreg() else 0
            tar.addfile(info, io.BytesIO(data))


def with_file(content: Members, member: str, path: str, data: bytes = b"x") -> Members:
    """One more file, which the manifest lists properly."""
    manifest = json.loads(content[-1][1])
    entry = {**manifest["files"][0], "path": path, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    manifest["files"].append(entry)
    return [*content[:-1], (tarfile.TarInfo(member), data), (content[-1][0], json.dumps(manifest).encode())]


def altered(content: Members) -> Members:
    content[0] = (content[0][0], content[0][1] + b"#")
    return content


def wrong_digest(content: Members) -> Members:
    manifest = json.loads(content[-1][1])
    manifest["files"][0]["sha256"] = "0" * 64
    return [*content[:-1], (content[-1][0], json.dumps(manifest).encode())]


def link(kind: bytes, target: str) -> Callable[[Members], Members]:
    def make(content: Members) -> Members:
        info = tarfile.TarInfo("files/etc/link")
        info.type, info.linkname = kind, target
        return [(info, b""), *content]

    return make


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (altered, "was altered: its digest is not that of the manifest"),
        (wrong_digest, "was altered: its digest is not that of the manifest"),
        (lambda content: content[1:], "is missing"),
        (lambda content: content[:-1], "manifest.json, the last file, is missing"),
        (lambda content: [*content, content[0]], "something follows the manifest"),
        (lambda content: [content[0], *content], "is there twice"),
        (lambda content: [(tarfile.TarInfo("files/etc/more"), b""), *content], "is not in the manifest"),
        (lambda content: with_file(content, "files/../../etc/x", "/../../etc/x"), "is no plain path"),
        (lambda content: with_file(content, "files/etc/./x", "/etc/./x"), "is no plain path"),
        (lambda content: with_file(content, "files//etc/x", "//etc/x"), "is no path from the root"),
        (lambda content: with_file(content, "filesx", "x"), "is no path from the root"),
        (lambda content: with_file(content, "/etc/x", "/etc/x"), "/etc/x is not in the manifest"),
        (lambda content: with_file(content, "files/x\x1b[2J", "/x\x1b[2J"), "cannot be printed"),
        (link(tarfile.SYMTYPE, "/etc"), "is no regular file"),
        (link(tarfile.LNKTYPE, "files/etc/x"), "is no regular file"),
        (link(tarfile.DIRTYPE, ""), "is no regular file"),
        (link(tarfile.FIFOTYPE, ""), "is no regular file"),
        (link(tarfile.CHRTYPE, ""), "is no regular file"),
        (lambda content: [*content[:-1], (content[-1][0], b"{}")], "manifest.json: Object missing required field"),
        (lambda content: [*content[:-1], (content[-1][0], b"\xff" * 40)], "manifest.json: "),
        (lambda content: [*content[:-1], (content[-1][0], b"[" * 10_000)], "manifest.json: "),
        (lambda content: [*content[:-1], (content[-1][0], content[-1][1].replace(b'"format": 1', b'"format": 2'))], "use a newer one"),
    ],
)  # fmt: skip
def test_what_is_not_right_is_refused(
    sound: Path, tmp_path: Path, change: Callable[[Members], Members], said: str
) -> None:
    write(tmp_path / "bad.tar", change(members(sound)))
    line = refused("restore", tmp_path / "bad.tar", "--to", tmp_path / "to", "--force")
    assert line.startswith(f"inspector: {tmp_path / 'bad.tar'}: ")
    assert said in line
    assert line.endswith("nothing was restored")
    assert not (tmp_path / "to").exists()


def test_the_beginning_of_an_archive_is_no_archive(sound: Path) -> None:
    data = sound.read_bytes()
    end = data.rindex(b"}") + 1
    for length in [*range(0, end - 1, 511), end - 1]:
        with pytest.raises(UserError, match=r"nothing was restored$"):
            Archive(io.BytesIO(data[:length]), "backup.tar")


def test_bytes_that_were_altered_never_get_through(sound: Path) -> None:
    """Whatever byte it is, the files that would be restored are those that were saved, or none."""
    data, chance = sound.read_bytes(), random.Random(5)
    whole = Archive(io.BytesIO(data), "backup.tar")
    expected = {entry.member: whole.content(entry.member) for entry in whole.manifest.files}
    refusals = 0
    for _ in range(400):
        bad = bytearray(data)
        bad[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        try:
            read = Archive(io.BytesIO(bytes(bad)), "backup.tar")
            content = {entry.member: read.content(entry.member) for entry in read.manifest.files}
        except (UserError, FileError):
            refusals += 1
            continue
        assert list(content.values()) == list(expected.values())
    assert refusals > 100


def test_something_else_is_told(tmp_path: Path) -> None:
    for name, data in (("empty", b""), ("text", b"no archive" * 1000), ("zeros", bytes(20_000))):
        (tmp_path / name).write_bytes(data)
        assert "no backup" in refused("restore", tmp_path / name)
    assert "Is a directory" in refused("restore", tmp_path)
