"""A TCP link between a line and a controller that the test holds, and cuts."""

from __future__ import annotations

import selectors
import socket
import threading

_CHUNK = 1 << 16


class Link:
    """Forwards connections to ``port`` on loopback. For ``hold`` it is a network that delivers nothing and loses nothing; for ``cut`` one whose
    connections end."""

    def __init__(self, port: int) -> None:
        self._to = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.hold = False
        self._cut = False
        self._ended = False
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """End all connections; new ones are let through."""
        self._cut = True

    def close(self) -> None:
        """End."""
        self._ended = True
        self._thread.join(5)

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector, self._listener:
            selector.register(self._listener, selectors.EVENT_READ)
            while not self._ended:
                if self._cut:
                    self._cut = False
                    self._end_all(selector)
                for key, _ in selector.select(0.01):
                    if key.fileobj is self._listener:
                        self._accept(selector)
                    elif not self.hold and isinstance(key.fileobj, socket.socket):
                        self._forward(selector, key.fileobj)
                if self.hold:
                    threading.Event().wait(0.01)  # what waits stays readable
            self._end_all(selector)

    def _accept(self, selector: selectors.BaseSelector) -> None:
        near, _ = self._listener.accept()
        try:
            far = socket.create_connection(self._to)
        except OSError:
            near.close()
            return
        for one, other in ((near, far), (far, near)):
            self._pairs[one] = other
            selector.register(one, selectors.EVENT_READ)

    def _forward(self, selector: selectors.BaseSelector, one: socket.socket) -> None:
        if one not in self._pairs:
            return
        try:
            data = one.recv(_CHUNK)
            if data:
                self._pairs[one].sendall(data)
                return
        except OSError:
            pass
        self._end(selector, one)

    def _end_all(self, selector: selectors.BaseSelector) -> None:
        while self._pairs:
            self._end(selector, next(iter(self._pairs)))

    def _end(self, selector: selectors.BaseSelector, one: socket.socket) -> None:
        other = self._pairs.pop(one)
        del self._pairs[other]
        for end in (one, other):
            selector.unregister(end)
            end.close()
