"""Reads text files that a user wrote."""

from __future__ import annotations

from pathlib import Path

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
            data = file.read(most_bytes + 1)
    except (OSError, ValueError) as error:
        raise unusable(path, error) from None
    if len(data) > most_bytes:
        raise FileError(f"{path}: has more than {most_bytes} bytes; expected a shorter text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"{path}: is not UTF-8 text (byte {error.start}); save it as UTF-8") from None
