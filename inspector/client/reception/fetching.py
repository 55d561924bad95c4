"""Fetches what is missing of one stream, and what it holds beyond what is known, where its epoch is over."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from inspector.client.events import Malformed, Why
from inspector.client.reception.asker import Asker
from inspector.client.reception.ordering import Ordering
from inspector.protocol.codec import MalformedError, decode
from inspector.protocol.recovery import Answer, Get
from inspector.protocol.values import LARGEST

_WITHIN = 100
"""Numbers that are asked for at once although some of them are there, where there are several holes among them."""


class End(Enum):
    """What is known of the end of a stream."""

    OPEN = auto()
    """The stream goes on."""
    WANTED = auto()
    """Its epoch is over, and what it holds beyond the numbers that are known is to be fetched."""
    KNOWN = auto()
    """There is nothing more of it."""
    UNKNOWN = auto()
    """Its epoch is over, and nobody said where it ended."""


class Fetching(Asker):
    """The requests for one stream."""

    def __init__(self, ordering: Ordering, patience_s: float, malformed: Callable[[Malformed], object]) -> None:
        """``malformed`` is called with what an answer holds that is no publication of the stream."""
        super().__init__(patience_s)
        self.end = End.OPEN
        self._ordering = ordering
        self._malformed = malformed
        self._range = (0, 0)
        """What was asked for."""

    @property
    def wants(self) -> bool:
        """Whether the stream has a hole or its end is wanted."""
        if self._ordering.hole() is not None:
            return True
        return self.end is End.WANTED and not self._ordering.held

    def close(self) -> None:
        """The epoch is over. Of one of which no number is known nothing is wanted."""
        if self.end is End.OPEN:
            self.end = End.UNKNOWN if self._ordering.next is None else End.WANTED

    def ask(self) -> Get:
        """The first hole, as it is when it is asked for first."""
        if not self.sent:
            wanted = self._wanted()
            assert wanted is not None, "only what wants something asks"
            self._range = wanted
        stream, (first, last) = self._ordering.stream, self._range
        return Get(line=stream.line, camera=stream.camera, epoch=stream.epoch, first=first, last=last)

    def take(self, answer: Answer) -> bool:
        """Put what came in its place."""
        before = self._ordering.next, self.end
        reply, (first, last) = answer.reply, self._range
        published = max(self._ordering.known, reply.newest)
        for gone_first, gone_last in reply.absent:
            self._ordering.give_up(max(first, gone_first), min(last, gone_last, published), Why.GONE, reply.text)
        for parts in answer.publications:
            self._take_publication(parts.sent(), first, last)
        if self.end is End.WANTED and reply.next is None:
            never = "never stored: the daemon ended before"
            self._ordering.give_up(max(first, reply.newest + 1), min(last, self._ordering.known), Why.GONE, never)
            if last == LARGEST and self._ordering.hole() is None:
                self.end = End.KNOWN
        self._settle()
        return before != (self._ordering.next, self.end)

    def give_up(self, why: Why, detail: str, *, everything: bool) -> None:
        """Report what was asked for, or all that is known to be missing, as missed; the end of the stream stays unknown then."""
        if self._ordering.next is not None:
            last = self._ordering.known if everything else min(self._range[1], self._ordering.known)
            self._ordering.give_up(self._ordering.next, last, why, detail)
        if self.end is End.WANTED and self._ordering.hole() is None:
            self.end = End.UNKNOWN
        self._settle()

    def _wanted(self) -> tuple[int, int] | None:
        hole = self._ordering.holes(_WITHIN)
        if hole is None and self.end is End.WANTED and not self._ordering.held:
            assert self._ordering.next is not None, "its end is wanted"
            return self._ordering.next, LARGEST
        return hole

    def _settle(self) -> None:
        if not self.wants:
            self._ordering.settle()

    def _take_publication(self, parts: list[bytes], first: int, last: int) -> None:
        try:
            packet = decode(parts)
        except MalformedError as error:
            self._malformed(Malformed(reason=str(error), topic=parts[0]))
            return
        header, seq = packet.header, packet.header.seq
        of_stream = (header.line, header.camera, header.epoch) == self._ordering.stream
        if of_stream and seq is not None and first <= seq <= last:
            self._ordering.take(packet, seq, sum(map(len, parts)), recovered=True)
        else:
            self._malformed(Malformed(reason="a publication that was not asked for", topic=parts[0]))
