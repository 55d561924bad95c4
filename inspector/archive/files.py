"""Files of entries: written so that a crash leaves a whole file under its name, or none."""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from engines.errors import FileError
from engines.files.looking import unusable
from inspector.archive.entry import KeptFile
from inspector.archive.places import PART

MOST_BYTES = 1 << 30
"""No file of an entry is larger."""


def kept(path: str, data: bytes) -> KeptFile:
    """What is noted of a file with this content."""
    return KeptFile(path=path, bytes=len(data), crc32=zlib.crc32(data))


def write(root: Path, path: str, data: bytes) -> None:
    """Write a file of the archive, and have it and its name on the disk. Raises OSError, and leaves nothing of it then."""
    write_together(root, [(path, data)])


def write_together(root: Path, wanted: Sequence[tuple[str, bytes]]) -> None:
    """As `write`, of several files: none has its name before all of them are on the disk, so that a full disk leaves the old ones."""
    parts: list[tuple[Path, Path]] = []
    try:
        for path, data in wanted:
            place = root / path
            if place.parent != root:
                make_folder(place.parent)
            part = place.with_name(place.name + PART)
            parts.append((part, place))
            _write_synced(part, data)
        for part, place in parts:
            os.rename(part, place)
    except BaseException:
        for part, _ in parts:
            with suppress(OSError):
                part.unlink()
        raise
    for folder in dict.fromkeys(place.parent for _, place in parts):
        sync_folder(folder)


def _write_synced(place: Path, data: bytes) -> None:
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(root: Path, paths: Iterable[str]) -> None:
    """Remove files of the archive that may be there. Raises OSError where one is there and cannot be removed."""
    for path in paths:
        with suppress(FileNotFoundError, NotADirectoryError):
            (root / path).unlink()


def read(root: Path, file: KeptFile) -> bytes:
    """The content. Raises FileError where it is not there, is a link, or is not as it was written."""
    data = read_regular(root / file.path, file.bytes)
    if len(data) != file.bytes or zlib.crc32(data) != file.crc32:
        raise FileError(f"{root / file.path}: is not as it was written ({len(data)} bytes; expected {file.bytes})")
    return data


def read_regular(place: Path, most_bytes: int) -> bytes:
    """The content of a regular file that is no link, at most a byte more than ``most_bytes``. Raises FileError."""
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise FileError(f"{place}: is no regular file")
            return file.read(min(most_bytes, MOST_BYTES) + 1)
    except (OSError, ValueError) as error:
        raise unusable(place, error) from None


def is_as_written(root: Path, file: KeptFile) -> bool:
    """Whether a regular file of the right size is there; its content is not read. Raises OSError where that cannot be known."""
    try:
        status = (root / file.path).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size == file.bytes


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Raises OSError, also where a link is there: files are never written out of the archive."""
    try:
        folder.mkdir()
        sync_folder(folder.parent)
    except FileExistsError:
        if not stat.S_ISDIR(folder.lstat().st_mode):
            raise NotADirectoryError(20, "a link or a file is in the place of a folder", str(folder)) from None
