"""Files that only the viewer may read: those with users and with the key of a certificate."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from engines.errors import FileError
from engines.files.reading import open_regular
from inspector.errors import UserError

Seen = tuple[tuple[int, ...] | None, ...]
"""Of some files; another one where one of them has changed."""


def read_secret(path: Path, key: str, most_bytes: int) -> bytes:
    """The content of a file that others may not read and only its owner may write; the group may read it, so that one who is not the viewer's own user can
    own it. ``key`` names it in errors. Raises UserError."""
    try:
        with open_regular(path) as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read(most_bytes + 1)
    except FileError as error:
        raise UserError(f"{key}: {error}") from None
    if mode & 0o027:
        raise UserError(f"{key}: {path} is open to others (mode {mode:04o}); chmod 600 {path}, or 640")
    if len(content) > most_bytes:
        raise UserError(f"{key}: {path} has more than {most_bytes >> 10} KiB")
    return content


def seen(*paths: Path) -> Seen:
    """How the files are now: size, times, inode and mode; None for one that is not there."""
    return tuple(map(_seen, paths))


def _seen(path: Path) -> tuple[int, ...] | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_mode, status.st_dev
