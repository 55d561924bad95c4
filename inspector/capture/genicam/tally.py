"""Counts what a camera sent, over all connections since the start."""

from __future__ import annotations

import threading

import msgspec

from inspector.capture.genicam.stream import Stream
from inspector.capture.source import SourceCounters


class Tally:
    """Written by the thread that takes frames, read by any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters = SourceCounters()
        self._stream: Stream | None = None
        self._next_number = 0

    def connected(self, stream: Stream | None) -> None:
        """A new connection begins: its numbers count from 0."""
        with self._lock:
            self._stream, self._next_number = stream, 0

    def disconnected(self) -> None:
        """The stream is about to end: what it has counted is kept."""
        with self._lock:
            self._counters, self._stream = self._with_packets(), None

    def number(self, number: int, without_buffer: bool) -> None:
        """The next frame has ``number``; ``without_buffer``: packets came since the last while no buffer was free."""
        with self._lock:
            missing = number - self._next_number
            self._next_number = number + 1
            if missing:
                self._add(lost=missing, dropped=missing if without_buffer else 0)

    def received(self) -> None:
        """It arrived whole."""
        with self._lock:
            self._add(received=1)

    def incomplete(self) -> None:
        """It did not."""
        with self._lock:
            self._add(incomplete=1)

    def counters(self) -> SourceCounters:
        """All of it."""
        with self._lock:
            return self._with_packets()

    def _with_packets(self) -> SourceCounters:
        counters = self._counters
        if self._stream is None:
            return counters
        resent, missing = self._stream.packets()
        return msgspec.structs.replace(
            counters,
            resent_packets=counters.resent_packets + resent,
            missing_packets=counters.missing_packets + missing,
        )

    def _add(self, **counts: int) -> None:
        changed = {name: getattr(self._counters, name) + count for name, count in counts.items()}
        self._counters = msgspec.structs.replace(self._counters, **changed)
