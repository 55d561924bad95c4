"""uvicorn's server, as the viewer needs it: without signals, and with connections that cannot put off their TLS handshake."""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
import sys
from collections.abc import Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from inspector.view.access.security import HEADERS
from inspector.view.access.tls import Certificate
from inspector.view.connections import asks_nothing

_AT_ONCE = 4
_MOST_FRAMES_PER_S = 50
"""Of a WebSocket, beside whole messages."""


class _Connection(H11Protocol):
    """One of HTTP, until it becomes a WebSocket."""

    _made_s = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Where there are too many, the oldest that asks for nothing makes room: whoever only connects shuts out nobody."""
        super().connection_made(transport)
        self._made_s = self.loop.time()
        if len(self.connections) < (self.limit_concurrency or math.inf):
            return
        others = (one for one in self.connections if isinstance(one, _Connection) and one is not self)
        oldest = min(filter(asks_nothing, others), key=lambda one: one._made_s, default=None)
        if oldest is not None:
            self.connections.discard(oldest)
            oldest.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP. uvicorn would fail with a traceback where the answer to the request was sent before all of it came."""
        if self.cycle is not None:
            begun, self.cycle.disconnected = self.cycle.response_started, True
            self.cycle.message_event.set()  # whoever waits for the rest of the request
            if begun:
                self.transport.close()
                return
        _refuse(self.transport, msg)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        super().connection_lost(exc)
        _lost(self.transport)


class WebSocketConnection(WebSocketsSansIOProtocol):
    """One of a page."""

    _second, _frames = 0, 0

    def data_received(self, data: bytes) -> None:
        """The head of the request comes first, all of it at once. uvicorn would leave the connection open for ever where the head is none."""
        super().data_received(data)
        if not self.handshake_initiated and not self.transport.is_closing():
            _refuse(self.transport, "this is no request for a WebSocket")

    def handle_ping(self) -> None:
        """Pages send none: browsers cannot. An answer waits in memory for whoever sends and does not read."""
        if self._may_come():
            super().handle_ping()

    def handle_cont(self, event: Frame) -> None:
        """A part of a message, which may be empty."""
        if self._may_come():
            super().handle_cont(event)

    def handle_pong(self, event: Frame) -> None:
        """Nothing was asked for."""
        if self._may_come():
            super().handle_pong(event)

    def handle_text(self, event: Frame) -> None:
        """A message of a page is one frame. Another is given on as bytes, which are refused: uvicorn would write a traceback into the log for one
        that is no text."""
        try:
            bytes(event.data).decode()
        except UnicodeDecodeError:
            self.handle_bytes(event)
            return
        (super().handle_text if event.fin else self.handle_bytes)(event)

    def _may_come(self) -> bool:
        """Whether so many frames that are no messages of pages may come; the connection is cut off where there are more."""
        second = int(self.loop.time())
        self._frames = self._frames + 1 if second == self._second else 1
        self._second = second
        if self._frames > _MOST_FRAMES_PER_S:
            self.transport.abort()
        return self._frames <= _MOST_FRAMES_PER_S

    async def send(self, message: Any) -> None:
        """A refusal is an answer: uvicorn would write an error into the log for each."""
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        super().connection_lost(exc)
        _lost(self.transport)


def _refuse(transport: asyncio.Transport, text: str) -> None:
    """Answer what the server itself does not understand, as the guard answers the rest, and end the connection."""
    headers = {**HEADERS, "cache-control": "no-store", "content-type": "text/plain; charset=utf-8"}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    body = f"{text}\n"
    transport.write(
        f"HTTP/1.1 400 Bad Request\r\n{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n{body}".encode()
    )
    transport.close()


def _lost(transport: asyncio.Transport) -> None:
    if sys.version_info < (3, 11):
        transport.close()  # asyncio takes one of TLS that was lost for open there, and complains


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
            return _Connection(self.config, self.server_state, self.lifespan.state, loop)

        for one in sockets or []:
            # asyncio takes as many connections at once as may wait. Between so few, pages get their turn though hundreds come with a handshake each.
            self.servers.append(await loop.create_server(connection, sock=one, backlog=_AT_ONCE, **tls))
            one.listen(self.config.backlog)
