"""Closes a listening socket to new connections for a while, without touching those that are open."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import time

_SO_ATTACH_FILTER, _SO_DETACH_FILTER = 26, 27
"""Of Linux; Python's socket module lacks them."""
_DROP_ALL = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))
"""The shortest packet filter: return 0, which drops the packet."""
_FILTER = struct.pack("HP", 1, ctypes.addressof(_DROP_ALL))
_AT_ONCE = 64.0
_PER_S = 10.0
_OPEN_FROM = 5.0
"""Places from which a closed door opens again."""


class Door:
    """Lets 64 connections in at once and then 10 a second. For one thread.

    While it is closed, the operating system drops what asks for a connection; a client's own system asks again after 1, 3 and 7 s. An
    ``ipc`` address has no such filter and no door: it is protected by the permissions of its folder.
    """

    def __init__(self) -> None:
        self.closed = False
        self._places = _AT_ONCE
        self._counted_s = time.monotonic()

    def entered(self, connections: int, now_s: float) -> None:
        """Count connections that were let in; what someone else needs of the daemon's time may count as several."""
        self._places = min(_AT_ONCE, self._places + (now_s - self._counted_s) * _PER_S) - connections
        self._counted_s = now_s

    def move(self, listener: int | None) -> None:
        """Open or close, as the count says; ``listener`` is the descriptor of the listening socket, None where there is none."""
        close = self._places < (_OPEN_FROM if self.closed else 1)
        if close != self.closed and listener is not None:
            self.closed = close
            _filter(listener, close)

    def renewed(self) -> None:
        """There is a new listening socket, which is open."""
        self.closed = False


def _filter(descriptor: int, drop: bool) -> None:
    try:
        # A copy, so that the descriptor cannot become another file meanwhile.
        with socket.socket(fileno=os.dup(descriptor)) as listener:
            if listener.family == socket.AF_UNIX or not listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                return
            if drop:
                listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, _FILTER)
            else:
                listener.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, struct.pack("i", 0))
    except OSError:
        return  # closed already, or a system without filters
