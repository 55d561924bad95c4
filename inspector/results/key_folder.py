"""A folder with one public ``*.key`` file for each client that is let in, read again whenever one of the files has changed."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from inspector.protocol.keys import KeyFileError, read_key_file
from inspector.results.brief_log import BriefLog


class KeyFolder:
    """The keys in one folder. For one thread; ``names`` may be read from any."""

    def __init__(self, folder: Path, config_key: str, log: logging.Logger) -> None:
        """``config_key`` names the folder in errors and in the log. Raises OSError where the folder cannot be read; ``damaged`` names files
        that cannot be used, or that others may write to."""
        self.folder = folder
        self.readable = True
        """False while the folder cannot be read: nobody is let in then, and nobody turned away for good."""
        self.names: dict[str, str] = {}
        """The name of each file, without its suffix, by its public key; the dictionary is replaced, never changed."""
        self._config_key = config_key
        self._log = log
        self._seen = self._files()
        self.damaged = self._read()
        """What was wrong with files when they were read last, one line each."""

    def look(self) -> bool:
        """Read the keys again if one of the files has changed; whether they were read."""
        try:
            files = self._files()
        except OSError as error:
            if self.readable:
                self._log.error(
                    "%s: %s cannot be read, nobody is let in: %s", self._config_key, self.folder, error.strerror
                )
            self.readable, self._seen = False, ()
            return False
        if files == self._seen and self.readable:
            return False
        self.readable, self._seen = True, files
        self.damaged = self._read()
        for damaged in self.damaged:
            self._log.error("%s: %s; this file is skipped, the others count", self._config_key, damaged)
        self._log.info("%s: keys in %s that may connect now: %d", self._config_key, self.folder, len(self.names))
        return True

    def _files(self) -> tuple[tuple[str | int, ...], ...]:
        """Name, size, times and inode of each file of the list: one of them changes when the file does."""
        found: list[tuple[str | int, ...]] = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                if entry.name.endswith(".key"):
                    try:
                        status = entry.stat()
                    except OSError:  # a link to nothing
                        found.append((entry.name,))
                    else:
                        times = status.st_mtime_ns, status.st_ctime_ns
                        found.append((entry.name, status.st_size, *times, status.st_ino, status.st_mode))
        return tuple(sorted(found, key=lambda file: file[0]))

    def _read(self) -> list[str]:
        """Read every file of ``_seen``; return what is wrong with those that cannot be used."""
        names, damaged = {}, []
        for name, *rest in self._seen:
            path = self.folder / str(name)
            if rest and int(rest[-1]) & 0o022:
                damaged.append(f"{path} can be written to by others; chmod go-w {path}")
                continue
            try:
                names[read_key_file(path).public.decode()] = path.stem
            except KeyFileError as error:
                damaged.append(str(error))
        self.names = names
        return damaged


class Refusals:
    """Tells of refused keys once each, because a client may connect many times."""

    _REMEMBERED = 1000

    def __init__(self, log: logging.Logger, kind: str) -> None:
        """``kind`` names the clients where many are counted: 'subscribers that were refused'."""
        self._told: set[str] = set()
        self._brief = BriefLog(log, logging.WARNING, kind)

    def tell(self, key: str, text: str, *arguments: object) -> bool:
        """Log a line, where it is the first for ``key``; whether it is."""
        if not self.first(key):
            return False
        self._brief.write(text, *arguments)
        return True

    def first(self, key: str) -> bool:
        """Whether ``key`` is told of for the first time; it counts as told then."""
        if key in self._told:
            return False
        if len(self._told) >= self._REMEMBERED:
            self._told.clear()
        self._told.add(key)
        return True

    def forget(self) -> None:
        """The keys have changed."""
        self._told.clear()

    def sum_up(self) -> None:
        """Log how many lines were left out."""
        self._brief.sum_up()
