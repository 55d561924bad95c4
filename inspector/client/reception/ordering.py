"""The publications of one stream in the order of their numbers, each once. Knows no socket and no clock."""

from __future__ import annotations

import bisect
import heapq
from collections.abc import Callable

from inspector.client.events import Event, Missed, Recovered, StreamKey, Why
from inspector.protocol.codec import Packet

_ENTRY_BYTES = 2048
"""Memory of a message that waits, besides its parts."""


class Room:
    """Memory for messages that wait, of all streams together."""

    def __init__(self, most_messages: int, most_bytes: int) -> None:
        self._messages, self._bytes = most_messages, most_bytes

    def take(self, size: int) -> bool:
        """Take room for a message whose parts have ``size`` bytes; False where there is none."""
        if self._messages < 1 or self._bytes < size + _ENTRY_BYTES:
            return False
        self._messages -= 1
        self._bytes -= size + _ENTRY_BYTES
        return True

    def give_back(self, size: int) -> None:
        """A message of ``size`` bytes waits no longer."""
        self._messages += 1
        self._bytes += size + _ENTRY_BYTES


class Ordering:
    """One stream. What is due is passed to ``give`` at once; what is behind a hole waits, as far as there is room.

    A message for which there is no room is dropped: its number is then part of a hole like one that never came.
    """

    def __init__(
        self, stream: StreamKey, room: Room, give: Callable[[Event], object], begin: int | None, *, held: bool = False
    ) -> None:
        """``begin``: the first number that is wanted; None: whatever comes first. ``held``: nothing is given until ``release``."""
        self.stream = stream
        self.next = begin
        """The next number to be given; None before the first."""
        self.known = -1 if begin is None else begin - 1
        """The last number known to have been published."""
        self.held = held
        self._room = room
        self._give = give
        self._waiting: dict[int, tuple[Packet, int, bool]] = {}
        """Messages, their sizes, and whether they were recovered."""
        self._numbers: list[int] = []
        """Those that wait, as a heap."""
        self._gone: list[tuple[int, int, Why, str]] = []
        """Ranges that cannot be had, in order."""
        self._recovered_from: int | None = None
        """Where the stretch of recovered messages that is being given began."""

    def take(self, packet: Packet, seq: int, size: int, recovered: bool = False) -> bool:
        """A message came; ``size`` is that of its parts. False where its number came before."""
        if self.next is None:
            self._join(seq)
        assert self.next is not None
        if seq < self.next or seq in self._waiting:
            return False
        if seq > self.known:
            self.known = seq
        if seq == self.next and not self.held:
            self._put_out(packet, seq, recovered)
            if self._waiting or self._gone:
                self._advance()
        elif self._room.take(size):
            self._waiting[seq] = (packet, size, recovered)
            heapq.heappush(self._numbers, seq)
        return True

    def reach(self, last_seq: int) -> None:
        """Everything up to ``last_seq`` was published."""
        if self.next is None:
            self._join(last_seq + 1)
        self.known = max(self.known, last_seq)

    def hole(self) -> tuple[int, int] | None:
        """First and last number of the first hole; None where there is none, and while nothing may be given."""
        if self.held or self.next is None or self.next > self.known:
            return None
        last = self._numbers[0] - 1 if self._numbers else self.known
        return self.next, min(last, self._gone[0][0] - 1) if self._gone else last

    def holes(self, within: int) -> tuple[int, int] | None:
        """The first hole, and further ones that end among the ``within`` numbers from its beginning on; what waits between them is
        included. So many small holes are one range."""
        hole = self.hole()
        if hole is None or hole[1] - hole[0] + 1 >= within:
            return hole
        end = min(self.known, hole[0] + within - 1, self._gone[0][0] - 1 if self._gone else self.known)
        return hole[0], next(seq for seq in range(end, hole[0] - 1, -1) if seq not in self._waiting)

    def give_up(self, first: int, last: int, why: Why, detail: str = "") -> None:
        """Those of the numbers ``first`` to ``last`` that were not given and do not wait cannot be had."""
        if self.next is None:
            return
        first = max(first, self.next)
        if first > last:
            return
        self.known = max(self.known, last)
        bisect.insort(self._gone, (first, last, why, detail))
        self._advance()

    def release(self) -> None:
        """What waits may be given."""
        self.held = False
        self._advance()

    def settle(self) -> None:
        """Say what was recovered, where the stretch is over; to be called when no further message is at hand."""
        if self._recovered_from is not None:
            first, self._recovered_from = self._recovered_from, None
            assert self.next is not None
            self._give(Recovered(stream=self.stream, first_seq=first, last_seq=self.next - 1))

    def _join(self, seq: int) -> None:
        self.next, self.known = seq, seq - 1
        if seq > 0:
            self._give(Missed(stream=self.stream, first_seq=0, last_seq=seq - 1, why=Why.BEFORE_JOINING))

    def _put_out(self, packet: Packet, seq: int, recovered: bool) -> None:
        if recovered and self._recovered_from is None:
            self._recovered_from = seq
        elif not recovered and self._recovered_from is not None:
            self.settle()
        self.next = seq + 1
        self._give(packet)

    def _advance(self) -> None:
        """Give what is due: messages that wait, and ranges that cannot be had."""
        assert self.next is not None
        while not self.held:
            if self._numbers and self._numbers[0] == self.next:
                packet, size, recovered = self._waiting.pop(heapq.heappop(self._numbers))
                self._room.give_back(size)
                self._put_out(packet, self.next, recovered)
                continue
            while self._gone and self._gone[0][1] < self.next:
                del self._gone[0]
            if not self._gone or self._gone[0][0] > self.next:
                return
            _, last, why, detail = self._gone[0]
            last = min(last, self._numbers[0] - 1) if self._numbers else last
            first, stream = self.next, self.stream
            self.settle()
            self.next = last + 1
            self._give(Missed(stream=stream, first_seq=first, last_seq=last, why=why, detail=detail))
