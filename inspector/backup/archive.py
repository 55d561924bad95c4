"""The archive of a backup: a plain tar of regular files, whose last one is the manifest. ``files/etc/inspector/line.yaml`` was
``/etc/inspector/line.yaml``.

What is read here may have been made by anybody: nothing is unpacked before every name and every digest is known to be right.
"""

from __future__ import annotations

import grp
import hashlib
import io
import os
import pwd
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from engines.errors import FileError
from engines.files.reading import open_regular
from engines.files.text import brief
from inspector.backup.manifest import FORMAT, MANIFEST, MOST_BYTES, FileEntry, Kind, Manifest, path_problem
from inspector.backup.pace import Pace
from inspector.errors import UserError

_BLOCK = 1 << 20
_MOST_MEMBERS = 100_000


class ArchiveWriter:
    """Writes files, then the manifest."""

    def __init__(self, file: BinaryIO, descriptor: int | None = None) -> None:
        """``descriptor``: of ``file``, where it is one on a disk."""
        self.files: list[FileEntry] = []
        self._pace = Pace(descriptor)
        self._tar = tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115 - finish closes it

    def add(self, path: Path, kind: Kind, content: Path | None = None) -> None:
        """Add the file at ``path``; what is in it is taken from ``content`` where that is given. Raises FileError."""
        with open_regular(content or path) as file:
            status = path.stat()
            size = os.fstat(file.fileno()).st_size
            entry = FileEntry(
                path=str(path), kind=kind, bytes=size, sha256="0" * 64, mode=stat.S_IMODE(status.st_mode) & 0o777,
                owner=name_of(pwd.getpwuid, status.st_uid), group=name_of(grp.getgrgid, status.st_gid),
            )  # fmt: skip
            digest = self._write(entry.member, file, size)
        self.files.append(msgspec.structs.replace(entry, sha256=digest))

    def add_data(self, member: str, data: bytes) -> str:
        """Add something that is no file of a line; return its digest."""
        return self._write(member, io.BytesIO(data), len(data))

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, which is to list ``files``, and the end of the archive."""
        self.add_data(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
        self._tar.close()

    def _write(self, member: str, file: BinaryIO, size: int) -> str:
        info = tarfile.TarInfo(member)
        info.size, info.mode = size, 0o600
        source = _Digested(file, self._pace.step)
        try:
            self._tar.addfile(info, source)  # type: ignore[arg-type]  # it reads, and no more is asked for
        except OSError as error:
            if source.short:
                raise FileError(f"{member}: became shorter while it was read; try again") from error
            raise
        return source.digest.hexdigest()


class _Digested:
    """A file that is read, with the digest of what was read."""

    def __init__(self, file: BinaryIO, read: Callable[[int], None]) -> None:
        self.digest = hashlib.sha256()
        self.short = False
        """Whether it ended before what was asked for."""
        self._file = file
        self._read = read
        self._unpaced = 0

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self.short = len(data) < size
        self.digest.update(data)
        self._unpaced += len(data)
        if self._unpaced >= _BLOCK // 4:
            self._read(self._unpaced)
            self._unpaced = 0
        return data


class _Place(NamedTuple):
    """Where a file lies in the archive."""

    offset: int
    size: int
    sha256: str


class Archive:
    """A verified archive. It reads from ``file``, which its caller closes."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        """Reads it to its end. Raises UserError where anything in it is not what it should be; ``name`` is what it is called then."""
        self._name = name
        self._file = file
        self._places: dict[str, _Place] = {}
        self._raw_manifest: bytes | None = None
        try:
            self._read_all()
        except (tarfile.TarError, EOFError, ValueError, ArithmeticError, LookupError, OSError) as error:
            raise self._wrong(f"is damaged, or no backup ({brief(str(error) or type(error).__name__)})") from None
        self.manifest = self._decoded()
        self._compare()

    def copy(self, member: str, write: Callable[[bytes], object]) -> None:
        """Hand over the content of a member, and compare it with its digest again. Raises FileError."""
        place = self._places[member]
        digest, left = hashlib.sha256(), place.size
        self._file.seek(place.offset)
        while left and (data := self._file.read(min(left, _BLOCK))):
            digest.update(data)
            left -= len(data)
            write(data)
        if digest.hexdigest() != place.sha256:
            raise FileError(f"{self._name}: {brief(member)} was altered meanwhile")

    def content(self, member: str) -> bytes:
        """All of a small member."""
        data = bytearray()
        self.copy(member, data.extend)
        return bytes(data)

    def _wrong(self, what: str) -> UserError:
        return UserError(f"{self._name}: {what}; nothing was restored")

    def _read_all(self) -> None:
        with tarfile.open(fileobj=self._file, mode="r:") as tar:
            for info in tar:
                if self._raw_manifest is not None:
                    raise ValueError("something follows the manifest")
                if not info.isreg() or info.issparse():
                    raise ValueError(f"{info.name} is no regular file")
                if info.name in self._places or len(self._places) >= _MOST_MEMBERS:
                    raise ValueError(f"{info.name} is there twice, or there are too many files")
                self._places[info.name] = _Place(info.offset_data, info.size, self._digest(tar, info))

    def _digest(self, tar: tarfile.TarFile, info: tarfile.TarInfo) -> str:
        file = tar.extractfile(info)
        assert file is not None, "it is a regular file"
        if info.name == MANIFEST:
            self._raw_manifest = file.read(MOST_BYTES + 1)
            return ""
        digest = hashlib.sha256()
        read = 0
        while data := file.read(_BLOCK):
            digest.update(data)
            read += len(data)
        if read != info.size:
            raise EOFError(f"it ends within {info.name}")
        return digest.hexdigest()

    def _decoded(self) -> Manifest:
        if self._raw_manifest is None:
            raise self._wrong(f"is not complete, or no backup: {MANIFEST}, the last file, is missing")
        try:
            manifest = msgspec.json.decode(self._raw_manifest, type=Manifest)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise self._wrong(f"{MANIFEST}: {brief(str(error))}") from None
        if manifest.format != FORMAT:
            raise self._wrong(f"{MANIFEST}: format {manifest.format}, this program reads {FORMAT}; use a newer one")
        return manifest

    def _compare(self) -> None:
        expected = {entry.member: entry.sha256 for entry in self.manifest.files}
        if self.manifest.sealed is not None:
            expected[self.manifest.sealed.member] = self.manifest.sealed.sha256
        found = {member: place.sha256 for member, place in self._places.items() if member != MANIFEST}
        for entry in self.manifest.files:
            if problem := path_problem(entry.path):
                raise self._wrong(f"{brief(entry.path)} {problem}")
        for member in sorted(expected.keys() | found.keys()):
            if member not in found:
                raise self._wrong(f"{brief(member)} is missing")
            if member not in expected:
                raise self._wrong(f"{brief(member)} is not in the manifest")
            if found[member] != expected[member]:
                raise self._wrong(f"{brief(member)} was altered: its digest is not that of the manifest")


def name_of(look_up: Callable[[int], tuple[object, ...]], number: int) -> str:
    """The name of a user or group; its number where it has none."""
    try:
        return str(look_up(number)[0])
    except KeyError:
        return str(number)
