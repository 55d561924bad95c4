"""Connections as the system has them: only so many from one other machine, also while they have not said anything yet."""

from __future__ import annotations

import socket
import weakref
from collections import Counter
from typing import Any

from inspector.config.addresses import is_loopback
from inspector.view.access.attempts import place_of
from inspector.view.access.hosts import unmapped

_AT_ONCE = 32
"""What is too much is closed; after so many, others have their turn."""


class Arrivals(socket.socket):
    """A socket that listens. For the thread of the event loop."""

    most_of_one = 10_000
    """Connections from one other machine. asyncio and uvicorn see one of TLS only after its handshake; until then it takes a file all the same."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """As of a socket."""
        super().__init__(*args, **options)
        self._from: Counter[str] = Counter()

    def accept(self) -> tuple[socket.socket, Any]:
        """The next one that may stay. Raises what a socket does, where there is none."""
        for _ in range(_AT_ONCE):
            connection, address = super().accept()
            host = unmapped(str(address[0]))
            if is_loopback(host):
                return connection, address  # pages that come through a tunnel all come from here
            place = place_of(host)
            if self._from[place] < self.most_of_one:
                self._from[place] += 1
                arrived = _Arrived(connection.family, connection.type, connection.proto, connection.detach())
                arrived.gone = weakref.finalize(arrived, self._gone, place)
                arrived.gone.atexit = False
                return arrived, address
            connection.close()
        raise ConnectionAbortedError

    def _gone(self, place: str) -> None:
        self._from[place] -= 1
        if not self._from[place]:
            del self._from[place]


class _Arrived(socket.socket):
    gone: weakref.finalize[..., Any]
    """Called once: when it is closed, or when nothing holds it any more."""

    def close(self) -> None:
        super().close()
        self.gone()
