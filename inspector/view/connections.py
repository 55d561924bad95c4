"""Frees connections that do not move: whoever never reads, never finishes a request, or has gone without a word."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

log = logging.getLogger(__name__)

_LOOK_S = 0.25


class Watch:
    """Looks at all connections of a server, four times a second."""

    def __init__(self, connections: set[Any], patience_s: float) -> None:
        """``connections``: uvicorn's protocols, of HTTP and of WebSockets. One that takes nothing of what waits for it, or asks for nothing, for
        ``patience_s`` is cut off."""
        self._connections = connections
        self._patience_s = patience_s
        self._moved: dict[Any, tuple[int, float]] = {}
        """What waited for each when it last moved, in bytes, and when that was."""

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                self.look(time.monotonic())
            except Exception:  # whatever it is, the others are not to stand for ever
                log.exception("connections could not be looked at")

    def look(self, now_s: float) -> None:
        """Cut off those that stand still."""
        before, self._moved = self._moved, {}
        for one in list(self._connections):
            transport = one.transport
            if transport is None:
                continue
            waiting = _waiting(transport)
            bytes_, since_s = before.get(one, (waiting, now_s))
            if waiting < bytes_ or not (waiting or asks_nothing(one)):
                since_s = now_s
            if now_s - since_s > self._patience_s:
                log.info("a connection was cut off: %s", "nothing is read" if waiting else "nothing is asked for")
                transport.abort()
                continue
            self._moved[one] = waiting, since_s


def _waiting(transport: Any) -> int:
    """Bytes that wait to be sent."""
    try:
        return int(transport.get_write_buffer_size())
    except AttributeError:  # one of TLS that is ending: asyncio has let go of what it asks there
        return 0


def asks_nothing(connection: Any) -> bool:
    """Whether it is one of HTTP that has no request in work: none came yet, or not all of it."""
    if not hasattr(connection, "cycle"):
        return bool(connection.transport.is_closing())
    return connection.cycle is None or connection.cycle.response_complete
