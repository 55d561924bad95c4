"""What waits for the journal's disk: publications in the order of publication, and the group of rows that is to be stored next.

Limited in number and in bytes. One thread appends, another takes; nothing here waits for anything.
"""

from __future__ import annotations

import time
from collections import deque

from inspector.config.journal import JournalConfig
from inspector.results.journal_rows import PreparedRow, prepared
from inspector.results.publication import Publication

_GROUP_BYTES = 16 * 2**20
"""A group that holds more, before its masks are compressed, is committed: what waits behind masks full of noise is not held up by all of them."""


class JournalQueue:
    """``append`` is for the publishing thread, ``take`` and ``done`` for the journal's; the counts may be read from any."""

    def __init__(self, config: JournalConfig) -> None:
        self.group: list[PreparedRow] = []
        """The rows that are to be stored together."""
        self.let_go = 0
        """Publications that were not queued because of the limits, or that could not be stored."""
        self._config = config
        self._queue: deque[Publication] = deque()
        self._since_s: deque[float] = deque()
        """When each of those that wait was queued, monotonic."""
        self.stored_bytes = 0
        """Of the publications that were stored, before their masks were compressed."""
        self._rows_in = self._rows_out = self._bytes_in = self._bytes_out = 0
        """Rows queued and rows done; each is counted by one thread only, and the difference is what still waits."""

    @property
    def waiting(self) -> int:
        """Publications that are neither stored nor given up."""
        return self._rows_in - self._rows_out

    @property
    def oldest_s(self) -> float:
        """How long the publication has waited that has waited longest, s; 0 where none waits."""
        try:
            return max(0.0, time.monotonic() - self._since_s[0])
        except IndexError:
            return 0.0

    @property
    def full(self) -> bool:
        """Whether a further publication is let go."""
        config = self._config
        return self.waiting >= config.max_waiting or self._bytes_in - self._bytes_out >= config.max_waiting_mib * 2**20

    @property
    def done_through(self) -> int:
        """The last ticket that is done: stored, or given up."""
        return self._rows_out

    def append(self, publication: Publication) -> int | None:
        """Queue a publication; return its ticket, which increases by 1, or None where it is let go."""
        if self.full:
            self.let_go += 1
            return None
        self._rows_in += 1
        self._bytes_in += publication.size
        self._since_s.append(time.monotonic())
        self._queue.append(publication)
        return self._rows_in

    def take(self) -> bool:
        """Move queued publications into the group; False where none was queued, or the group is full.

        Masks are compressed here, before the file is locked, and each is let go of at once: never are two copies of a group in memory."""
        size = sum(row.size for row in self.group)
        taken = False
        while self._queue and len(self.group) < self._config.max_group and size < _GROUP_BYTES:
            row = prepared(self._queue[0])
            self.group.append(row)
            self._queue.popleft()
            size += row.size
            taken = True
        return taken

    @property
    def behind_group(self) -> bool:
        """Whether publications wait behind the group, which is full then."""
        return bool(self._queue)

    def done(self, *, stored: bool) -> None:
        """The group is stored, or given up."""
        size = sum(row.size for row in self.group)
        if stored:
            self.stored_bytes += size
        else:
            self.let_go += len(self.group)
        self._rows_out += len(self.group)
        self._bytes_out += size
        for _ in self.group:
            self._since_s.popleft()
        self.group = []
