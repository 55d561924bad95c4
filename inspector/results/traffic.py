"""What the operating system counts of a connection: the bytes that arrived, and those that the peer has taken."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

_BYTES_ACKED_AT, _BYTES_RECEIVED_AT = 120, 128
"""Offsets of tcpi_bytes_acked and tcpi_bytes_received in the kernel's struct tcp_info (since Linux 4.1)."""


class Outgoing(NamedTuple):
    """What became of the bytes that were written to a connection."""

    unread: int
    """Bytes that the kernel still holds. Of ``ipc`` those that the peer has not read, roughly."""
    acknowledged: int | None
    """Bytes that the peer's system has acknowledged since the connection began; None where they are not counted (``ipc``)."""


def received(descriptor: int) -> int | None:
    """Bytes that arrived on a TCP connection; None for another kind of descriptor."""
    with _copy(descriptor) as peer:
        return None if peer is None else _count(peer, _BYTES_RECEIVED_AT)


def outgoing(descriptor: int) -> Outgoing | None:
    """What became of the bytes written to a connection; None where ``descriptor`` is none, or not any more."""
    with _copy(descriptor) as peer:
        if peer is None:
            return None
        try:
            # First the count, which only grows: what is acknowledged in between then counts as waiting.
            acknowledged = _count(peer, _BYTES_ACKED_AT)
            (unread,) = struct.unpack("i", fcntl.ioctl(peer.fileno(), termios.TIOCOUTQ, bytes(4)))
        except OSError:
            return None
        return Outgoing(int(unread), acknowledged)


@contextmanager
def _copy(descriptor: int) -> Iterator[socket.socket | None]:
    """A copy of the descriptor, so that it cannot become another file meanwhile; None where it is closed or no socket."""
    try:
        copy = os.dup(descriptor)
    except OSError:
        yield None
        return
    try:
        peer = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, fileno=copy)
    except OSError:
        os.close(copy)
        yield None
        return
    with peer:
        yield peer


def _count(peer: socket.socket, offset: int) -> int | None:
    try:
        info = peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, offset + 8)
    except OSError:
        return None
    return int(struct.unpack_from("=Q", info, offset)[0]) if len(info) >= offset + 8 else None
