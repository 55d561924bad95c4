"""A connection to a publisher, made again where libzmq gives it up, and what becomes of it."""

from __future__ import annotations

import contextlib
import itertools
import struct
import time

import zmq

from inspector.client.events import LinkBack, LinkLost

_FAILED = zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
_ENDED = zmq.EVENT_DISCONNECTED | _FAILED
_TRIES = zmq.EVENT_CONNECTED | zmq.EVENT_CONNECT_DELAYED | zmq.EVENT_CONNECT_RETRIED
_STANDS = zmq.EVENT_HANDSHAKE_SUCCEEDED
_GIVEN_UP_S = 3.0
"""libzmq tries again within 2 s (RECONNECT_IVL_MAX), or never: after a part that is too large, and after a refusal by CURVE."""
_numbers = itertools.count()


class Connection:
    """The one connection of a SUB or DEALER socket. For one thread."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], socket: zmq.Socket[bytes], endpoint: str) -> None:
        """Raises ZMQError where ``endpoint`` is no address."""
        self._socket = socket
        self._endpoint = endpoint
        self._ended_s: float | None = None
        self._stands = self._lost = False
        socket.connect(endpoint)
        address = f"inproc://connection.{next(_numbers)}"
        socket.monitor(address, _ENDED | _TRIES | _STANDS)
        self._events = context.socket(zmq.PAIR)
        self._events.setsockopt(zmq.RCVHWM, 0)
        self._events.connect(address)

    def look(self) -> list[LinkLost | LinkBack]:
        """Connect again where the connection has ended and libzmq does not; return what happened. To be called now and then."""
        changes: list[LinkLost | LinkBack] = []
        while int(self._events.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            event, _ = struct.unpack("=hi", self._events.recv_multipart(zmq.NOBLOCK)[0])
            self._ended_s = time.monotonic() if event & _ENDED else None
            if event & _ENDED and not self._lost:
                self._lost = True
                changes.append(LinkLost(endpoint=self._endpoint, detail=self._why(event)))
            elif event & _STANDS and self._lost:
                self._lost = False
                changes.append(LinkBack(endpoint=self._endpoint))
            self._stands = bool(event & _STANDS)
        if self._ended_s is not None and time.monotonic() - self._ended_s > _GIVEN_UP_S:
            self._ended_s = None
            with contextlib.suppress(zmq.ZMQError):
                self._socket.disconnect(self._endpoint)
            self._socket.connect(self._endpoint)
        return changes

    def close(self) -> None:
        """Stop watching, before the sockets are closed."""
        self._socket.disable_monitor()
        self._events.close(linger=0)

    def _why(self, event: int) -> str:
        if event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
            return "the publisher does not let this key in"
        if event != zmq.EVENT_DISCONNECTED or not self._stands:
            return "no agreement with who listens there: do both use CURVE or neither, and is the server key right?"
        return "the connection ended"
