"""Files that only this user can read, written atomically."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from engines.errors import EngineError


def write_private(path: Path, content: bytes, *, replace: bool = True) -> None:
    """Write a file with mode 0600, atomically; without `replace` an existing file is kept. Raises EngineError."""
    partial = None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # 0600
        partial = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        if replace:
            partial.replace(path)
            return
        with suppress(FileExistsError):
            path.hardlink_to(partial)
        partial.unlink()
    except BaseException as error:
        if partial is not None:
            partial.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise EngineError(
            f"{path}: cannot be written ({error.strerror}); free disk space or use another folder"
        ) from None


def remove_file(path: Path) -> int:
    """Remove a file, if it exists; returns how many bytes that freed. Raises EngineError."""
    try:
        size = path.stat().st_size
        path.unlink()
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise EngineError(f"{path}: cannot be removed ({error.strerror})") from None
    return size
