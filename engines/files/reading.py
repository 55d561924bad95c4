"""Reads files that a user named: bounded in size, each error one line."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from engines.errors import FileError
from engines.files.looking import unusable

MOST_BYTES = 256 << 20
"""Larger text files are refused: the run lengths of 100,000 frames have a fifth of it."""


def first_line(path: Path, most_bytes: int = 4096) -> str:
    """The first line, without its end, of any file; what is no UTF-8 in it is replaced. Raises FileError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.readline(most_bytes).decode("utf-8-sig", "replace").rstrip("\r\n")
    except (OSError, ValueError) as error:
        raise unusable(path, error) from None


def read_text(path: Path, most_bytes: int = MOST_BYTES) -> str:
    """The UTF-8 text in ``path``, without a byte order mark. Raises FileError where it cannot be read, or is longer than ``most_bytes``."""
    try:
        with path.open("rb") as file:
            data = _read(file, path, most_bytes)
    except (OSError, ValueError) as error:
        raise unusable(path, error) from None
    return decoded(data, path)


def read_regular_text(path: Path, most_bytes: int = MOST_BYTES) -> str:
    """As `read_text`, of a regular file only: a running line must not wait for the other end of a pipe. Raises FileError."""
    return decoded(read_bytes(path, most_bytes), path)


def read_bytes(path: Path, most_bytes: int) -> bytes:
    """The content of a regular file. Raises FileError where it cannot be read, is longer than ``most_bytes``, or is a pipe or device."""
    with open_regular(path) as file:
        return _read(file, path, most_bytes)


def decoded(data: bytes, path: Path) -> str:
    """The UTF-8 text that was read from ``path``, without a byte order mark. Raises FileError."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"{path}: is not UTF-8 text (byte {error.start}); save it as UTF-8") from None


@contextmanager
def open_regular(path: Path) -> Iterator[BinaryIO]:
    """A regular file, open for reading. Raises FileError for anything else, without waiting for the other end of a pipe; also for
    errors while it is read."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise FileError(f"{path}: is no regular file")
            yield file
    except (OSError, ValueError) as error:
        raise unusable(path, error) from None


def _read(file: BinaryIO, path: Path, most_bytes: int) -> bytes:
    data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise FileError(f"{path}: has more than {most_bytes} bytes; expected a smaller file")
    return data
