"""Subscribers beside the one that measures: ``python -m inspector.bench.wire.crowd ENDPOINT COUNT``.

Each has a connection of its own, subscribes to everything and discards it in large pieces. They speak ZeroMQ's transport protocol (ZMTP 3.0)
themselves: fifty that take messages apart need more than a small machine has, and what is asked here is what they cost the line.
"""

from __future__ import annotations

import selectors
import socket
import struct
import sys
import threading

import msgspec

from inspector.bench.partner import give, requests
from inspector.errors import UserError

_PIECE = 1 << 18
_PATIENCE_S = 10.0


class Ask(msgspec.Struct, frozen=True):
    """How are they?"""


class Crowd(msgspec.Struct, frozen=True):
    """How they are."""

    connected: int
    """The publisher has cut off none of these."""
    received: int
    """Bytes, of all."""


class _Readers(threading.Thread):
    """Reads and discards what comes on all connections."""

    def __init__(self, endpoint: str, count: int) -> None:
        super().__init__(name="readers", daemon=True)
        self.received = 0
        self.connected = count
        self._selector = selectors.DefaultSelector()
        for _ in range(count):
            self._selector.register(_subscribed(endpoint), selectors.EVENT_READ)

    def run(self) -> None:
        """Until the process ends."""
        buffer = bytearray(_PIECE)
        while self.connected:
            for key, _ in self._selector.select():
                assert isinstance(key.fileobj, socket.socket)
                try:
                    length = key.fileobj.recv_into(buffer)
                except OSError:
                    length = 0
                self.received += length
                if not length:
                    self._selector.unregister(key.fileobj)
                    key.fileobj.close()
                    self.connected -= 1


def _subscribed(endpoint: str) -> socket.socket:
    """A connection to ``tcp://HOST:PORT`` that has subscribed to everything. Raises UserError where nobody answers there."""
    host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
    try:
        peer = socket.create_connection((host, int(port)), _PATIENCE_S)
        ready = b"\x05READY\x0bSocket-Type" + struct.pack(">I", 3) + b"SUB"
        greeting = b"\xff" + b"\0" * 8 + b"\x7f\x03\0" + b"NULL".ljust(20, b"\0") + b"\0" * 32
        peer.sendall(greeting + bytes([4, len(ready)]) + ready)
        heard = 0
        while heard < len(greeting):  # the publisher's READY may follow, and is discarded with the rest
            piece = len(peer.recv(4096))
            if not piece:
                raise ConnectionError("the publisher closed the connection")
            heard += piece
        peer.sendall(b"\x00\x01\x01")  # a message of one byte: subscribe to all that begins with nothing
        peer.settimeout(None)
    except OSError as error:
        raise UserError(f"{endpoint}: {error}") from None
    return peer


def main(endpoint: str, count: int) -> None:
    """Answer ``Ask`` with ``Crowd`` until there are no more requests."""
    readers = _Readers(endpoint, count)
    readers.start()
    for _ in requests(Ask):
        give(Crowd(readers.connected, readers.received))


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]))
    except UserError as error:
        sys.exit(f"inspector: {error}")
