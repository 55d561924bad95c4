"""uvicorn's server, as the viewer needs it: without signals, and with connections that cannot put off their TLS handshake."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from inspector.config.addresses import is_loopback
from inspector.view.access.attempts import place_of
from inspector.view.access.hosts import unmapped
from inspector.view.access.tls import Certificate

_AT_ONCE = 4


class _Connection(H11Protocol):
    """One of HTTP, until it becomes a WebSocket."""

    def __init__(
        self,
        most_of_one: int,
        config: uvicorn.Config,
        state: ServerState,
        app_state: dict[str, Any],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(config, state, app_state, loop)
        self._most_of_one = most_of_one

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Cut off what is too much from one machine, so that it leaves room for others."""
        super().connection_made(transport)
        if self.client is None or is_loopback(unmapped(self.client[0])):
            return  # pages that come through a tunnel all come from here
        place = place_of(self.client[0])
        clients: list[tuple[str, int] | None] = [getattr(one, "client", None) for one in self.connections]
        if sum(client is not None and place_of(client[0]) == place for client in clients) > self._most_of_one:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        super().connection_lost(exc)
        _lost(self.transport)


class WebSocketConnection(WebSocketsSansIOProtocol):
    """One of a page."""

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        super().connection_lost(exc)
        _lost(self.transport)


def _lost(transport: asyncio.Transport) -> None:
    if sys.version_info < (3, 11):
        transport.close()  # asyncio takes one of TLS that was lost for open there, and complains


class Server(uvicorn.Server):
    """Serves on sockets that are there."""

    def __init__(
        self, config: uvicorn.Config, tls: Certificate | None, handshake_s: float, most_of_one: int = 10_000
    ) -> None:
        """``most_of_one``: connections from one other machine. ``handshake_s``: after which the beginning of TLS has to be over, and its end. asyncio would wait for 60 and 30 s, and uvicorn does not see
        connections before and after."""
        super().__init__(config)
        self._tls = tls
        self._handshake_s = handshake_s
        self._most_of_one = most_of_one

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none: they are the command's."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve on ``sockets``."""
        await super().startup(sockets=[])
        loop = asyncio.get_running_loop()
        tls: dict[str, Any] = {}
        if self._tls is not None:
            tls = {"ssl": self._tls.context, "ssl_handshake_timeout": self._handshake_s}
            if sys.version_info >= (3, 11):
                tls["ssl_shutdown_timeout"] = self._handshake_s

        def connection() -> asyncio.Protocol:
            return _Connection(self._most_of_one, self.config, self.server_state, self.lifespan.state, loop)

        for one in sockets or []:
            # asyncio takes as many connections at once as may wait. Between so few, pages get their turn though hundreds come with a handshake each.
            self.servers.append(await loop.create_server(connection, sock=one, backlog=_AT_ONCE, **tls))
            one.listen(self.config.backlog)
