"""Writes the log without ever waiting for who reads it.

A pipe that nobody empties, a terminal that is held or a full disk must not hold up a verdict: what cannot be written at once is left out
and counted. Nothing is kept in a buffer, because Python flushes its streams when it starts a process, and fails where it cannot.
"""

from __future__ import annotations

import io
import os
import select
from contextlib import suppress
from typing import TextIO

_PIECE = 4096
"""Bytes that a pipe or a socket takes without waiting, once it is ready for any (PIPE_BUF)."""
_PATIENCE_MS = 20
"""A reader may be this late, once; then nothing waits for it until it reads again."""


class Outlet:
    """Writes texts to a standard stream. From one thread at a time."""

    def __init__(self, stream: TextIO) -> None:
        self.lost = 0
        """Texts that were left out since ``told``."""
        self._stream = stream
        self._patience_ms = _PATIENCE_MS
        self._torn = False
        """Whether the last text ended in the middle of a line."""

    def told(self) -> None:
        """Begin to count anew."""
        self.lost = 0

    def write(self, text: str) -> bool:
        """Write a text that ends with a line. False where it was left out, or a part of it was."""
        descriptor = _descriptor(self._stream)
        if descriptor is None:  # a stream in memory, which never waits
            self._stream.write(text)
            self._stream.flush()
            return True
        data = ("\n" * self._torn + text).encode(self._stream.encoding or "utf-8", "backslashreplace")
        written = 0
        with suppress(OSError):
            while written < len(data) and self._ready(descriptor):
                written += os.write(descriptor, data[written : written + _PIECE])
        if written:
            self._torn = written < len(data)
        self.lost += written < len(data)
        return written == len(data)

    def _ready(self, descriptor: int) -> bool:
        poller = select.poll()
        poller.register(descriptor, select.POLLOUT)
        ready = bool(poller.poll(self._patience_ms))
        self._patience_ms = _PATIENCE_MS if ready else 0
        return ready


def _descriptor(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except (io.UnsupportedOperation, AttributeError, ValueError):
        return None
