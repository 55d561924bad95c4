"""The connection of a subscriber, made again where libzmq gives it up."""

from __future__ import annotations

import contextlib
import struct
import time

import zmq

_MONITOR = "inproc://subscriber.connection"
_ENDED = zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_FAILED_AUTH
_TRIES = zmq.EVENT_CONNECTED | zmq.EVENT_CONNECT_DELAYED | zmq.EVENT_CONNECT_RETRIED
_GIVEN_UP_S = 3.0
"""libzmq tries again within 2 s (RECONNECT_IVL_MAX), or never: after a part that is too large, and after a refusal by CURVE."""


class Connection:
    """The one connection of a SUB socket. For one thread."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], socket: zmq.Socket[bytes], endpoint: str) -> None:
        """Raises ZMQError where ``endpoint`` is no address."""
        self._socket = socket
        self._endpoint = endpoint
        self._ended_s: float | None = None
        socket.connect(endpoint)
        socket.monitor(_MONITOR, _ENDED | _TRIES)
        self._events = context.socket(zmq.PAIR)
        self._events.setsockopt(zmq.RCVHWM, 0)
        self._events.connect(_MONITOR)

    def look(self) -> None:
        """Connect again where the connection has ended and libzmq does not. To be called now and then."""
        while int(self._events.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            event, _ = struct.unpack("=hi", self._events.recv_multipart(zmq.NOBLOCK)[0])
            self._ended_s = time.monotonic() if event & _ENDED else None
        if self._ended_s is not None and time.monotonic() - self._ended_s > _GIVEN_UP_S:
            self._ended_s = None
            with contextlib.suppress(zmq.ZMQError):
                self._socket.disconnect(self._endpoint)
            self._socket.connect(self._endpoint)

    def close(self) -> None:
        """Stop watching, before the sockets are closed."""
        self._socket.disable_monitor()
        self._events.close(linger=0)
