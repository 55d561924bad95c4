"""Backups: archives of anybody, to be restored."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator

import msgspec

from engines.errors import FileError
from inspector.backup.archive import Archive
from inspector.backup.manifest import MANIFEST, FileEntry, Kind, Manifest
from inspector.backup.restore import restore
from inspector.errors import UserError
from tests.fuzz.mutation import json_changed
from tests.fuzz.target import Target, joined, parts_of, promised, require
from tests.fuzz.targets import scratch

_HEADER = 512
_MOST_FILES = 8


def archive(data: bytes) -> None:
    """A tar as it comes, with the sums of its headers made right; verified, and restored into an empty folder."""
    _restore(_summed(data))


def _summed(data: bytes) -> bytes:
    """With the sum of each header as it should be, so that changes of a header are looked at."""
    out = bytearray(data)
    for at in range(0, len(out) - _HEADER + 1, _HEADER):
        if out[at + 257 : at + 262] == b"ustar":
            out[at + 148 : at + 156] = b" " * 8
            out[at + 148 : at + 156] = b"%06o\0 " % (sum(out[at : at + _HEADER]) & 0o777777)
    return bytes(out)


def manifest(data: bytes) -> None:
    """The manifest and the content of files, in an archive whose members and digests are as the manifest says."""
    text, *contents = parts_of(data, _MOST_FILES + 1)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        try:
            found = msgspec.json.decode(text, type=Manifest)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            found = None
        if found is not None and len(found.files) <= len(contents):
            entries = []
            for entry, content in zip(found.files, contents, strict=False):
                entries.append(
                    msgspec.structs.replace(entry, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
                )
                _put(tar, entry.member, content)
            text = msgspec.json.encode(msgspec.structs.replace(found, files=tuple(entries)))
        _put(tar, MANIFEST, text)
    _restore(packed.getvalue())


def _put(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def _restore(data: bytes) -> None:
    """Nothing may be written but what the manifest lists, below the folder."""
    path = scratch.put("backup.tar", data)
    beside = {one.name for one in path.parent.iterdir()}
    with scratch.empty("restored") as to:
        with promised(UserError, FileError):
            with path.open("rb") as file:
                listed = Archive(file, "backup.tar").manifest.files
            done = restore(path, to)
            require(
                set(done.written) == {to / one.path.lstrip("/") for one in listed},
                "other files than the manifest lists",
            )
            for note in done.notes:
                require(note.isprintable(), "a note that steers a terminal")
            return
        written = [one for one in to.rglob("*") if one.is_file()]
        require(not written or len(listed) > len(written), "files of an archive that was refused")
    require({one.name for one in path.parent.iterdir()} <= beside | {"restored"}, "a file beside the folder")


def _seed(to: str = "/etc/inspector") -> tuple[Manifest, list[bytes]]:
    contents = [b"line: l1\n", b"x" * 20]
    files = tuple(
        FileEntry(
            path=f"{to}/{name}",
            kind=kind,
            bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            mode=0o640,
            owner="root",
            group="root",
        )
        for (name, kind), content in zip(
            (("line.yaml", Kind.CONFIGURATION), ("a/scale.yaml", Kind.CALIBRATION)), contents, strict=True
        )
    )
    return Manifest(software="s", created_unix_ns=1, files=files), contents


def manifest_seeds() -> Iterator[bytes]:
    """A manifest, and what is in the files."""
    manifest, contents = _seed()
    yield joined(msgspec.json.encode(manifest), *contents)


def archive_seeds() -> Iterator[bytes]:
    """A whole archive."""
    manifest, contents = _seed()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for entry, content in zip(manifest.files, contents, strict=True):
            _put(tar, entry.member, content)
        _put(tar, MANIFEST, msgspec.json.encode(manifest))
    yield packed.getvalue().rstrip(b"\0") + bytes(1024)


_PATHS = (
    b'"/../x"',
    b'"//x"',
    b'"/a/../b"',
    b'"x"',
    b'"/"',
    b'"/a\\u0000"',
    b'"/etc/inspector/line.yaml/x"',
    b'"/' + b"a" * 300 + b'"',
)
_KEYS = tuple(f'"{key}":'.encode() for kind in (Manifest, FileEntry) for key in kind.__struct_fields__)
_TAR = (
    b"ustar",
    b"ustar  \0",
    b"././@LongLink",
    b"././@PaxHeader",
    b"1",
    b"2",
    b"5",
    b"x",
    b"g",
    b"L",
    b"K",
    b"S",
    b"GNU.sparse.major=1\n",
    b"20 path=../../x\n",
    b"\x80",
)

TARGETS = (
    Target("backup_archive", archive, archive_seeds, _TAR, longest=1 << 13),
    Target(
        "backup_manifest",
        manifest,
        manifest_seeds,
        (*_PATHS, *_KEYS, b"null", b"{}", b"[]", b"9" * 25, b'"journal"', b'"secret key"', rb'"\u001b[2J"'),
        json_changed,
        longest=1 << 12,
    ),
)
