"""The publications of this epoch that are in memory: all that the journal has queued and not stored, and the latest ones.

No publication that the journal stores is ever in neither: it is let go of here only once it is stored. Who looks for one looks here
first and in the journal's file then. The publishing thread adds, and takes no lock for it: what it shares with the
thread that looks are dictionaries and deques, of which each single operation is atomic.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from inspector.results.publication import Publication

_OVERHEAD = 1000
"""Bytes that Python needs for a publication, besides its parts."""
_AT_ONCE = 64
"""Most publications that are let go of when one is added, so that adding one never takes long."""


class Held(NamedTuple):
    """A publication in memory."""

    order: int
    """Increases by 1 with each publication of the epoch, whatever its stream."""
    publication: Publication
    ticket: int | None
    """Its place in the journal's queue; None where the journal did not take it."""


class Recent:
    """``add`` is for the publishing thread, the rest for any."""

    def __init__(
        self, cameras: Iterable[str], memory_bytes: int, stored_through: Callable[[], int] | None = None
    ) -> None:
        """``memory_bytes`` bounds the latest publications. ``stored_through`` gives the ticket up to which the journal is done with what it
        queued; None: there is no journal."""
        self._memory_bytes = memory_bytes
        self._stored_through = stored_through
        self._held: dict[str, dict[int, Publication]] = {camera: {} for camera in cameras}
        self._newest = dict.fromkeys(self._held, -1)
        self._latest: deque[Held] = deque()
        self._bytes = 0
        """Of the latest."""
        self._unstored: deque[Held] = deque()
        """What is no longer among the latest, and not stored yet."""
        self._order = 0

    def add(self, publication: Publication, ticket: int | None) -> None:
        """Take in a publication, the next one of its stream, before it is sent."""
        self._held[publication.camera][publication.seq] = publication
        self._newest[publication.camera] = publication.seq
        self._latest.append(Held(self._order, publication, ticket))
        self._order += 1
        self._bytes += publication.size + _OVERHEAD
        stored = 0 if self._stored_through is None else self._stored_through()
        for _ in range(_AT_ONCE):
            if self._bytes <= self._memory_bytes or len(self._latest) == 1:
                break
            held = self._latest[0]
            if held.ticket is not None and held.ticket > stored:
                self._unstored.append(
                    held
                )  # before it leaves the latest: who looks through both finds it in one of them
            else:
                self._let_go(held)
            self._latest.popleft()
            self._bytes -= held.publication.size + _OVERHEAD
        for _ in range(_AT_ONCE):
            if not self._unstored or (self._unstored[0].ticket or 0) > stored:
                break
            self._let_go(self._unstored.popleft())

    def newest(self, camera: str) -> int | None:
        """Last number of a stream of this epoch; -1 before the first, None where there is no such stream."""
        return self._newest.get(camera)

    def held(self, camera: str, first: int, last: int) -> dict[int, Publication]:
        """Those of a stream from number ``first`` to ``last`` that are in memory."""
        of_stream = self._held.get(camera, {})
        found = ((seq, of_stream.get(seq)) for seq in range(first, last + 1))
        return {seq: publication for seq, publication in found if publication is not None}

    def next_from(self, camera: str, first: int) -> int | None:
        """The lowest number from ``first`` on that is in memory; None: there is none."""
        numbers = list(self._held.get(camera, {}))  # in order: they are added so
        at = bisect_left(numbers, first)
        return numbers[at] if at < len(numbers) else None

    def all(self) -> list[Held]:
        """All in the order of publication."""
        latest = list(self._latest)  # first: what leaves it meanwhile is in the other one by then, or stored
        return sorted({held.order: held for held in (*list(self._unstored), *latest)}.values())

    def _let_go(self, held: Held) -> None:
        self._held[held.publication.camera].pop(held.publication.seq, None)
