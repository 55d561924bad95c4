"""A server in this process that is sent any messages, and must answer the next good request and log no error."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable

import zmq

from tests.fuzz.target import require, require_readable

_PER_CLIENT = 60
"""Messages; a client may send so many only."""
_LARGE = 3000
"""Bytes of a message after which the connection may be closed."""


class AskedSocket:
    """The clients of one server, one after another."""

    def __init__(
        self, endpoint: str, request: Callable[[str], bytes], answered: Callable[[list[bytes]], tuple[str | None, str]]
    ) -> None:
        """``request`` makes a good request with this id; ``answered`` gives id and text of an answer."""
        self._endpoint, self._request, self._answered = endpoint, request, answered
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._errors = _Errors()
        self._ids = itertools.count()
        self._sent = 0
        self._connect()

    def close(self) -> None:
        """Disconnect."""
        self._context.destroy(linger=0)

    def send(self, parts: list[bytes]) -> None:
        """Send a message, and then a request that must be answered."""
        with self._errors:
            self._exchange(parts)
        require(not self._errors.logged, f"an error in the log: {'; '.join(self._errors.logged)}")

    def _exchange(self, parts: list[bytes]) -> None:
        if self._sent >= _PER_CLIENT:
            self._connect()
        self._sent += 2
        self._socket.send_multipart(parts)
        if sum(map(len, parts)) > _LARGE:
            self._connect()
        id_ = f"good-{next(self._ids)}"
        self._socket.send(self._request(id_))
        until_s = time.monotonic() + 20
        while True:
            require(self._socket.poll(max(0, 1000 * (until_s - time.monotonic()))), "no answer to the next request")
            found, text = self._answered(self._socket.recv_multipart())
            if text:
                require_readable(text)
            if found == id_:
                return

    def _connect(self) -> None:
        if self._sent:
            self._socket.close(100)
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.connect(self._endpoint)
        self._sent = 0


class _Errors(logging.Handler):
    """A context in which the project logs here only: what is an error, or not printable, is kept."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.logged: list[str] = []
        self._log = logging.getLogger("inspector")

    def __enter__(self) -> None:
        self._log.addHandler(self)
        self._log.propagate = False

    def __exit__(self, *_: object) -> None:
        self._log.removeHandler(self)
        self._log.propagate = True

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.levelno >= logging.ERROR or not text.isprintable():
            self.logged.append(self.format(record))
