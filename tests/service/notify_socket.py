"""The service manager's end of the notify protocol: a datagram socket."""

from __future__ import annotations

import socket
from pathlib import Path
from types import TracebackType

TIMEOUT_S = 30.0


class NotifySocket:
    """Receives what a service says, each message as a table of its assignments."""

    def __init__(self, address: str) -> None:
        """``address`` as in ``NOTIFY_SOCKET``."""
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.settimeout(TIMEOUT_S)

    def receive(self) -> dict[str, str]:
        """The next message."""
        return dict(line.split("=", 1) for line in self._socket.recv(4097).decode().splitlines())

    def waiting(self) -> list[dict[str, str]]:
        """The messages that have arrived and were not received yet."""
        self._socket.settimeout(0)
        arrived = []
        try:
            while True:
                arrived.append(self.receive())
        except BlockingIOError:
            return arrived
        finally:
            self._socket.settimeout(TIMEOUT_S)

    def close(self) -> None:
        """Close, and remove the path."""
        self._socket.close()
        if not self.address.startswith("@"):
            Path(self.address).unlink()

    def __enter__(self) -> NotifySocket:
        return self

    def __exit__(self, _kind: object, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self.close()
