"""uvicorn's server, as the viewer needs it: without signals, and with connections that cannot put off their TLS handshake."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import Iterator
from typing import Any

import uvicorn

from inspector.view.tls import Certificate


class Server(uvicorn.Server):
    """Serves on sockets that are there."""

    def __init__(self, config: uvicorn.Config, tls: Certificate | None, handshake_s: float) -> None:
        """``handshake_s``: after which the beginning of TLS has to be over, and its end. asyncio would wait for 60 and 30 s, and uvicorn does not see
        connections before and after."""
        super().__init__(config)
        self._tls = tls
        self._handshake_s = handshake_s

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
            made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
                config=self.config, server_state=self.server_state, app_state=self.lifespan.state, _loop=loop
            )
            return made

        for one in sockets or []:
            self.servers.append(await loop.create_server(connection, sock=one, backlog=self.config.backlog, **tls))
