"""A peer that speaks ZMTP 3.0 by hand, so that it can say what no ZeroMQ socket would."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Iterator


def frame(data: bytes, *, more: bool = False, command: bool = False) -> bytes:
    """One part of a message, or a command."""
    flags = more | 4 * command
    if len(data) < 256:
        return bytes([flags, len(data)]) + data
    return bytes([flags | 2]) + struct.pack(">Q", len(data)) + data


def greeting(kind: bytes = b"SUB") -> bytes:
    """Greeting and handshake of the NULL mechanism."""
    ready = b"\x05READY\x0bSocket-Type" + struct.pack(">I", len(kind)) + kind
    return b"\xff" + b"\0" * 8 + b"\x7f\x03\0" + b"NULL".ljust(20, b"\0") + b"\0" * 32 + frame(ready, command=True)


def silent(endpoint: str, timeout_s: float = 5) -> socket.socket:
    """A connection that says nothing."""
    if endpoint.startswith("ipc://"):
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(endpoint.removeprefix("ipc://"))
        return peer
    host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
    return socket.create_connection((host, int(port)), timeout_s)


def connected(endpoint: str) -> socket.socket:
    """A connection whose handshake is finished."""
    peer = silent(endpoint)
    peer.sendall(greeting())
    heard = b""
    while len(heard) < 74:
        part = peer.recv(4096)
        if not part:
            peer.close()
            raise ConnectionError("cut off in the handshake")
        heard += part
    return peer


def reset(peer: socket.socket) -> None:
    """Close so that the other side reads an error, not an end."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def is_cut_off(peer: socket.socket) -> bool:
    """Whether the other side has closed the connection; reads what it has sent."""
    peer.setblocking(False)
    try:
        while peer.recv(65536):
            pass
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def send_until_cut_off(peer: socket.socket, block: bytes, most_bytes: int) -> int:
    """Send ``block`` again and again; the bytes that went before the other side closed, at most ``most_bytes``."""
    sent = 0
    peer.settimeout(5)
    try:
        while sent < most_bytes:
            peer.sendall(block)
            sent += len(block)
    except OSError:
        pass
    return sent


@contextlib.contextmanager
def all_closed(*peers: socket.socket) -> Iterator[None]:
    """Close the connections at the end."""
    try:
        yield
    finally:
        for peer in peers:
            peer.close()
