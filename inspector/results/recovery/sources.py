"""Where answers are taken from, and what a reply may hold."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.protocol.recovery import MOST_BYTES, MOST_PUBLICATIONS, Parts
from inspector.results.identity import Identity
from inspector.results.publication import Publication
from inspector.results.recovery.archive import Archive
from inspector.results.recovery.recent import Recent


@dataclass(frozen=True)
class Sources:
    """The publications of this epoch that are in memory, and the journal."""

    identity: Identity
    recent: Recent
    archive: Archive | None
    """None: the line has no journal."""
    opened_unix_ns: int
    """When this epoch began."""


class Refused(Exception):  # noqa: N818 - a refusal is an answer
    """Asking the same again is no use; the text says why, one line."""


class Filling:
    """The publications of a reply."""

    def __init__(self, most: int = MOST_PUBLICATIONS) -> None:
        self.parts: list[Parts] = []
        self._most = most
        self._bytes = 0

    @property
    def places(self) -> int:
        """How many more it may hold."""
        return self._most - len(self.parts)

    @property
    def room(self) -> int:
        """How many more bytes it may hold."""
        return MOST_BYTES - self._bytes

    def add(self, parts: Parts) -> bool:
        """Put a publication in; False where it is full."""
        size = sum(map(len, parts))
        if self.places <= 0 or (self.parts and size > self.room):
            return False
        self.parts.append(parts)
        self._bytes += size
        return True


def parts_of(publication: Publication) -> Parts:
    """The parts as they are sent again."""
    return Parts(publication.topic, publication.header, publication.body, publication.blob)
