"""The file that remembers whether a person has armed the controller, and the faults since: a restart is no acknowledgement."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

from engines.errors import FileError
from engines.files.reading import read_regular_text
from engines.files.writing import write_text

log = logging.getLogger(__name__)

_MOST_BYTES = 64 << 10


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept over a restart."""

    armed: bool = False
    faults: dict[str, str] = {}


class StateFile:
    """Keeps it in a file, or nowhere."""

    def __init__(self, path: str | None) -> None:
        self._path = None if path is None else Path(path)
        self._written: Remembered | None = None

    def read(self) -> Remembered:
        """What was kept; not armed where nothing was, or nothing that can be read."""
        if self._path is None or not self._path.exists():
            return Remembered()
        try:
            self._written = msgspec.json.decode(read_regular_text(self._path, _MOST_BYTES), type=Remembered)
        except (FileError, msgspec.DecodeError, RecursionError) as error:
            log.warning("%s: holds no state of a controller (%s); it has to be armed", self._path, error)
            return Remembered()
        return self._written

    def keep(self, state: Remembered) -> None:
        """Write it where it is another one than before. A disk that refuses is logged, and tried again with the next change."""
        if self._path is None or state == self._written:
            return
        self._written = state
        try:
            write_text(self._path, msgspec.json.encode(state).decode() + "\n")
        except FileError as error:
            log.error("%s; after a restart the controller may be armed although there was a fault", error)
