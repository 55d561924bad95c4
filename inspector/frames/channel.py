"""The channel between parent and child: typed messages over a socket pair that keeps message boundaries.

A multiprocessing ``Pipe`` would do the same, but costs a selector object and two reads per message, for every frame.
"""

from __future__ import annotations

import socket
import struct
from typing import Any, Generic, TypeVar

import msgspec

Incoming = TypeVar("Incoming")

LONGEST_MESSAGE = 1 << 20
"""Bytes; results of several thousand frames."""


class ClosedError(Exception):
    """The other end is closed."""


class Channel(Generic[Incoming]):
    """One end of the channel. One thread may receive; any thread may send, one at a time."""

    def __init__(self, end: socket.socket, incoming: Any) -> None:
        """``incoming`` is the type of the messages that are received: a struct, or a union of such."""
        self._socket = end
        self._decoder: msgspec.msgpack.Decoder[Incoming] = msgspec.msgpack.Decoder(incoming)
        self._encoder = msgspec.msgpack.Encoder()

    def patience(self, seconds: float) -> None:
        """Set how long ``receive`` waits, seconds; without a call it waits for ever."""
        # Not settimeout: that would make a sender wait as well.
        timeval = struct.pack("@ll", int(seconds), int(seconds % 1 * 1e6))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval)

    def send(self, message: msgspec.Struct, *, wait: bool = True) -> bool:
        """Send one message. False where the other end is closed (the supervisor notices by itself) or, without ``wait``, where the
        channel is full of messages that the other end has not read."""
        try:
            self._socket.send(self._encoder.encode(message), 0 if wait else socket.MSG_DONTWAIT)
        except OSError:
            return False
        return True

    def receive(self) -> Incoming | None:
        """The next message; None where none came in time. Raises ClosedError where the other end is closed."""
        try:
            data = self._socket.recv(LONGEST_MESSAGE)
        except BlockingIOError:
            return None
        except OSError as error:
            raise ClosedError from error
        if not data:
            raise ClosedError
        return self._decoder.decode(data)

    def close(self) -> None:
        """Close this end; the other end then raises ClosedError."""
        self._socket.close()


def socket_pair() -> tuple[socket.socket, socket.socket]:
    """The sockets of both ends, from which each process makes its ``Channel``; a socket can be passed to a child process."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
