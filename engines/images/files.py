"""Opens image files: regular files only, without ever waiting for a writer, and read in pieces."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from engines.errors import BadFrameError
from engines.files.looking import absence

_BLOCK = 4096
"""Bytes read at once for headers: most are within one block."""

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class Source(Protocol):
    """Bytes that headers are read from."""

    @property
    def size(self) -> int:
        """How many bytes there are."""

    def read(self, at: int, count: int) -> bytes:
        """The bytes from offset ``at``, fewer than ``count`` at the end. Raises BadFrameError."""


class MemorySource:
    """Bytes that were read before."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return len(self._data)

    def read(self, at: int, count: int) -> bytes:
        """See ``Source``."""
        return self._data[at : at + count]


class ImageFile:
    """An open regular file."""

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor = descriptor
        self.size = size
        """Bytes when it was opened."""
        self._start = self._pread(0, _BLOCK)

    def read(self, at: int, count: int) -> bytes:
        """See ``Source``."""
        if at + count <= len(self._start):
            return self._start[at : at + count]
        return self._pread(at, count)

    def whole(self) -> bytes:
        """All bytes that the file had when it was opened."""
        return self._pread(0, self.size)

    def _pread(self, at: int, count: int) -> bytes:
        pieces = []
        try:
            while count > 0 and (piece := os.pread(self._descriptor, count, at)):
                pieces.append(piece)
                at, count = at + len(piece), count - len(piece)
        except (OSError, OverflowError, MemoryError) as error:
            raise BadFrameError(f"cannot be read ({_reason(error)})") from None
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


@contextmanager
def open_image(path: Path) -> Iterator[ImageFile]:
    """An image file, opened. Raises BadFrameError where there is none, it is empty, or it is something else than a regular file."""
    try:
        _require_regular(os.stat(path).st_mode)
        descriptor = _opened(path)
    except FileNotFoundError:
        raise BadFrameError(absence(path)) from None
    except (OSError, ValueError) as error:
        raise BadFrameError(f"cannot be read ({_reason(error)})") from None
    try:
        now = os.fstat(descriptor)
        _require_regular(now.st_mode)
        if not now.st_size:
            raise BadFrameError("is empty (0 bytes)")
        yield ImageFile(descriptor, now.st_size)
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    """Opened so that a FIFO put there since the check cannot block. Only a leased file (Samba's oplocks) asks to be waited for."""
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except BlockingIOError:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def _require_regular(mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "no regular file")
    raise BadFrameError(f"is {kind}; expected an image file")


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
