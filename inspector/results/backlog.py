"""Bounds what waits for each subscriber, in bytes: whoever is too far behind is disconnected.

libzmq queues what a subscriber has not read, and can bound a queue only by the number of its messages, of which one may be thousands of times
larger than another. What waits is therefore counted here: what was sent on the topics that a connection has subscribed to, as it is on the
wire, less what its system has acknowledged. Nothing is ever dropped from the middle of a queue, so it holds the newest messages without
a gap, and because libzmq stores a message once for all connections, many that read nothing cost little more memory than one.
"""

from __future__ import annotations

from collections.abc import Callable

from inspector.results import traffic
from inspector.results.connections import Connection, Connections
from inspector.results.peer_limits import Cause
from inspector.results.traffic import Outgoing

_LOOKS = 8
"""In the time in which one connection can fall behind by all that may wait for it."""
_MESSAGES = 8
"""That may always wait, however large they are."""
_ENTRY = 64
"""Bytes that libzmq takes for each part in each queue, besides the part itself."""
_SEAL = 33
"""Bytes that CURVE adds to each part."""


class Backlog:
    """The count. For the publishing thread."""

    def __init__(
        self, connections: Connections, most: int, curve: bool, refuse: Callable[[Connection, Cause, str], None]
    ) -> None:
        """``most``: bytes that may wait for one connection. ``refuse`` is called with one that has to be disconnected, and the reason."""
        self._connections = connections
        self._most = most
        self._curve = curve
        self._refuse = refuse
        self._look_after = most // _LOOKS
        self._begin()

    def _begin(self) -> None:
        self._left = self._look_after
        """Bytes to send before the next look."""
        self._sent: dict[bytes, int] = {}
        """Bytes sent on each topic since the last look."""
        self._parts = 0
        """In how many parts."""

    @property
    def due(self) -> bool:
        """Whether it is time to ``look``: best before the next message is sent, when the one before had the most time to be read."""
        return self._left <= 0

    def sent(self, parts: list[bytes]) -> None:
        """Count a message that was sent."""
        size, topic = wire_bytes(parts, self._curve), parts[0]
        self._sent[topic] = self._sent.get(topic, 0) + size
        self._parts += len(parts)
        if size * _MESSAGES > self._most:
            self._most = size * _MESSAGES
        self._left -= size

    def look(self) -> None:
        """Refuse every connection for which too much waits, and the slowest where the queues of all take too much.

        A connection that reads nothing is refused before 1 1/4 times the limit and two messages wait: a look may come an eighth too late, and
        what is sent between a subscription and the look that finds it, at most another eighth, is not counted."""
        sent, parts = self._sent, self._parts
        self._begin()
        self._connections.refresh()
        behind: list[Connection] = []
        for connection in self._connections.all():
            topics = tuple(connection.topics)
            to_it = sum(size for topic, size in sent.items() if topic.startswith(topics))
            account(connection, to_it, traffic.outgoing(connection.descriptor))
            if connection.waiting > self._most:
                self._refuse(
                    connection, Cause.SLOW, f"one read too slowly, and {self._most >> 20} MiB waited (results.send_mib)"
                )
            else:
                behind.append(connection)
        self._check_all(behind, _ENTRY * parts / max(1, sum(sent.values())))

    def _check_all(self, behind: list[Connection], per_byte: float) -> None:
        """Refuse the slowest until the entries of all queues, ``per_byte`` for each byte that waits, take no more than may wait for one."""
        behind.sort(key=lambda connection: connection.waiting)
        waiting = sum(connection.waiting for connection in behind)
        while behind and waiting * per_byte > self._most:
            slowest = behind.pop()
            waiting -= slowest.waiting
            self._refuse(slowest, Cause.SLOW, "too many read too slowly, this one the slowest (results.send_mib)")


def wire_bytes(parts: list[bytes], curve: bool) -> int:
    """Bytes that a message has on the wire: the parts, and before each one its flags and its length in 1 or 8 bytes."""
    seal, size = _SEAL if curve else 0, 0
    for part in parts:
        frame = len(part) + seal
        size += frame + (9 if frame > 255 else 2)
    return size


def account(connection: Connection, sent: int, now: Outgoing | None) -> None:
    """Take in that ``sent`` bytes were sent on the connection's topics since the last look, and what became of them."""
    if now is None:
        return  # it has just ended
    connection.waiting += sent
    exact = False
    if now.acknowledged is not None and connection.acknowledged is not None:
        connection.waiting = max(0, connection.waiting - (now.acknowledged - connection.acknowledged))
        exact = not connection.overcounted
    connection.acknowledged = now.acknowledged
    # That the kernel holds nothing says less than an exact count, because libzmq's thread may be late.
    if now.unread == 0 and not exact:
        connection.waiting = 0
        connection.overcounted = False
