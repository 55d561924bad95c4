"""A folder in memory for decoders that read files; it is removed when the process ends."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MEMORY = Path("/dev/shm")


@functools.cache
def folder(name: str) -> Path:
    """A folder of this name, the same one each time."""
    made = _root() / name
    made.mkdir()
    return made


def put(name: str, data: bytes) -> Path:
    """A file with this content."""
    file = _root() / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return file


@contextmanager
def empty(name: str) -> Iterator[Path]:
    """A folder that is empty again afterwards."""
    made = folder(name)
    try:
        yield made
    finally:
        for one in made.iterdir():
            if one.is_dir() and not one.is_symlink():
                shutil.rmtree(one)
            else:
                one.unlink()


@functools.cache
def _root() -> Path:
    """Made when it is needed first, so that importing the targets writes nothing."""
    memory = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    made = tempfile.TemporaryDirectory(prefix="inspector-fuzz-", dir=memory)
    atexit.register(made.cleanup)
    return Path(made.name)
