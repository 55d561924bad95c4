"""The binding of a socket that others connect to, which is undone and done again where nothing less closes all its connections."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import zmq

from inspector.errors import UserError
from inspector.results.connections import Connections
from inspector.results.endpoint import bind

log = logging.getLogger(__name__)

TRY_AGAIN_MS = 10
"""Pause between two attempts to bind anew in the first second; libzmq closes the previous socket meanwhile."""


class Listening:
    """Binds a socket whose connections are watched. For the socket's thread, except ``bind_anew``."""

    def __init__(self, connections: Connections, config_key: str, wake: Callable[[], None]) -> None:
        """``config_key`` names the address in errors; ``wake`` has ``look`` called soon."""
        self.endpoint = ""
        """The address bound, once it is."""
        self._connections = connections
        self._config_key = config_key
        self._wake = wake
        self._bind_anew = False
        self._bind_at_s: float | None = None
        """When to try to bind again; None while bound."""
        self._unbound_s = 0.0
        """When the socket was closed to be bound again."""

    def bind(self, socket: zmq.Socket[bytes], endpoint: str) -> None:
        """Bind for the first time. Raises UserError."""
        self._socket = socket
        self.endpoint = bind(socket, endpoint, self._config_key)
        self._connections.bound(self.endpoint)

    def bind_anew(self) -> None:
        """Ask that all connections are closed; from any thread."""
        self._bind_anew = True
        self._wake()

    @property
    def unbound(self) -> bool:
        """Whether it waits to be bound again, so that ``look`` is to be called every ``TRY_AGAIN_MS``."""
        return self._bind_at_s is not None

    def look(self) -> bool:
        """Close all connections where that was asked for, by closing the socket that accepts them, and bind it again; whether it was bound
        now."""
        if not self._bind_anew and self._bind_at_s is None:
            return False
        now_s = time.monotonic()
        if self._bind_anew and self._bind_at_s is None:
            self._connections.unbind(self.endpoint)
            self._bind_at_s = self._unbound_s = now_s
        self._bind_anew = False
        if self._bind_at_s is None or now_s < self._bind_at_s:
            return False
        self._connections.refresh()
        if self._connections.listener is not None and now_s - self._unbound_s < 1.0:
            return False  # too early, and libzmq would remove the new socket file of an ipc address together with the previous one
        try:
            bind(self._socket, self.endpoint, self._config_key)
        except UserError as error:
            lasting = now_s - self._unbound_s > 1.0
            if lasting:
                log.error("nobody can connect: %s; trying again", error)
            self._bind_at_s = now_s + (1.0 if lasting else TRY_AGAIN_MS / 1000)
            return False
        self._bind_at_s = None
        log.info("bound to %s again", self.endpoint)
        return True
