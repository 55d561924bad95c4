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

_LOOKS = 8
"""In the time in which one connection can fall behind by all that may wait for it."""
_MESSAGES = 8
"""That may always wait, however large they are."""
_CONNECTIONS = 16
"""So many times what may wait for one may wait for all together; libzmq takes 64 bytes for each part in each queue."""
_SEALED = 33
"""Bytes that CURVE adds to each part."""


class Backlog:
    """The count. For the publishing thread."""

    def __init__(
        self, connections: Connections, most: int, curve: bool, refuse: Callable[[Connection, str], None]
    ) -> None:
        """``most``: bytes that may wait for one connection. ``refuse`` is called with one that has to be disconnected, and the reason."""
        self._connections = connections
        self._most = most
        self._refuse = refuse
        self._added = _SEALED if curve else 0
        self._sent: dict[bytes, int] = {}
        """Bytes sent on each topic since the last look."""
        self._look_after = most // _LOOKS
        self._due = self._look_after
        """Bytes to send before the next look."""

    def sent(self, parts: list[bytes]) -> bool:
        """Count a message that was sent; True when it is time to ``look``."""
        added, size = self._added, 0
        for part in parts:
            frame = len(part) + added
            size += frame + (9 if frame > 255 else 2)
        topic = parts[0]
        self._sent[topic] = self._sent.get(topic, 0) + size
        if size * _MESSAGES > self._most:
            self._most = size * _MESSAGES
        self._due -= size
        return self._due <= 0

    def look(self) -> None:
        """Refuse every connection for which too much waits; where too much waits for all together, the one that is furthest behind.

        A connection that has read nothing for a long time is refused before 1 1/4 times the limit waits, and two messages: one look may come
        too late, and what was sent before its subscription was read is not counted."""
        sent, self._sent, self._due = self._sent, {}, self._look_after
        self._connections.refresh()
        behind: list[Connection] = []
        for connection in self._connections.all():
            topics = tuple(connection.topics)
            _count(connection, sum(size for topic, size in sent.items() if topic.startswith(topics)))
            if connection.waiting > self._most:
                self._refuse(
                    connection, f"one read too slowly, and more than {self._most >> 20} MiB waited (results.send_mib)"
                )
            elif connection.waiting:
                behind.append(connection)
        if sum(connection.waiting for connection in behind) > self._most * _CONNECTIONS:
            furthest = max(behind, key=lambda one: one.waiting)
            self._refuse(
                furthest,
                f"the slowest, because more than {self._most * _CONNECTIONS >> 20} MiB waited for all subscribers "
                f"({_CONNECTIONS} times results.send_mib)",
            )


def _count(connection: Connection, sent: int) -> None:
    """Take in that ``sent`` bytes were sent on the connection's topics since the last look, and what was acknowledged."""
    now = traffic.outgoing(connection.descriptor)
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
