"""What each connection asks for: one request in work, some that wait, and all connections in turn."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from typing import NamedTuple

from inspector.protocol.recovery import WAITING, Request
from inspector.results import traffic
from inspector.results.backlog import account
from inspector.results.connections import Connection, Connections

MOST_UNREAD = 4 << 20
"""Bytes of replies that one connection has not read at which it gets no further one."""
MOST_UNREAD_OF_ALL = 128 << 20
LONGEST_UNREAD_S = 10.0
"""A connection that reads nothing of its replies for so long is closed."""


class Asked(NamedTuple):
    """A request that waits."""

    connection: Connection
    envelope: list[bytes]
    request: Request


class Lanes:
    """The requests. For one thread."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._waiting: OrderedDict[Connection, deque[Asked]] = OrderedDict()
        self.waiting = 0
        """How many; may be read from any thread."""
        self._behind: dict[Connection, tuple[int, float]] = {}
        """Those that have too much to read: how much when they read last, and since when."""

    def put(self, asked: Asked) -> bool:
        """Queue a request; False where too many of its connection wait."""
        lane = self._waiting.setdefault(asked.connection, deque())
        if len(lane) > WAITING:
            return False
        lane.append(asked)
        self.waiting += 1
        return True

    def take(self) -> Asked | None:
        """The next request of the connection whose turn it is; None where none waits that may be answered now."""
        for connection in list(self._waiting):
            if not self._connections.is_open(connection):
                self.waiting -= len(self._waiting.pop(connection))
                self._behind.pop(connection, None)
            elif not self._is_behind(connection):
                lane = self._waiting.pop(connection)
                asked = lane.popleft()
                self.waiting -= 1
                if lane:
                    self._waiting[connection] = lane  # behind all others
                return asked
        return None

    def sent(self, connection: Connection, size: int) -> None:
        """Count what was sent to a connection."""
        account(connection, size, traffic.outgoing(connection.descriptor))

    def stuck(self) -> list[Connection]:
        """The connections that are to be closed: those that read nothing for long, and the one furthest behind where all together are too far."""
        now_s = time.monotonic()
        self._behind = {one: since for one, since in self._behind.items() if self._connections.is_open(one)}
        stuck = [one for one, (_, since_s) in self._behind.items() if now_s - since_s > LONGEST_UNREAD_S]
        connections = self._connections.all()
        if sum(connection.waiting for connection in connections) > MOST_UNREAD_OF_ALL:
            furthest = max(connections, key=lambda connection: connection.waiting)
            stuck += [] if furthest in stuck else [furthest]
        return stuck

    def _is_behind(self, connection: Connection) -> bool:
        if connection.waiting:
            account(connection, 0, traffic.outgoing(connection.descriptor))
        if connection.waiting <= MOST_UNREAD:
            self._behind.pop(connection, None)
            return False
        least, _ = self._behind.get(connection, (connection.waiting + 1, 0.0))
        if connection.waiting < least:
            self._behind[connection] = connection.waiting, time.monotonic()
        return True
