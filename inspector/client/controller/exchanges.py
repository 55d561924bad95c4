"""Measures the difference of the two machines' clocks over the line's control socket, on a thread of its own."""

from __future__ import annotations

import queue
import threading
import time
from pathlib import Path
from typing import NamedTuple

from inspector.client.control import ControlClient, KeyRefused, NoAnswer
from inspector.client.controller.config import ControlOfLine
from inspector.errors import UserError

_AT_ONCE = 4
"""Exchanges in a row: the fastest one of them counts."""
_TIMEOUT_S = 1.0


class Exchange(NamedTuple):
    """One round trip; times are monotonic ns of this machine."""

    sent: int
    received: int
    unix_ns: int
    line: str
    epoch: str


class Exchanges:
    """Asks the line for its time, now and then, until it is closed."""

    def __init__(self, config: ControlOfLine) -> None:
        self.problem = ""
        """Why the last attempt found nothing; empty where it found something."""
        self._config = config
        self._found: queue.SimpleQueue[Exchange] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="exchanges", daemon=True)
        self._thread.start()

    def found(self) -> list[Exchange]:
        """What was measured since the last call."""
        found = []
        while not self._found.empty():
            found.append(self._found.get())
        return found

    def close(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join(2 * _TIMEOUT_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with connect(self._config, _TIMEOUT_S) as client:
                    while not self._stop.is_set():
                        for _ in range(_AT_ONCE):
                            self._found.put(exchange(client))
                        self.problem = ""
                        self._stop.wait(self._config.every_s)
            except (NoAnswer, KeyRefused, UserError) as error:
                self.problem = str(error)
                self._stop.wait(self._config.every_s)


def connect(config: ControlOfLine, timeout_s: float) -> ControlClient:
    """A client of the control socket. Raises NoAnswer and UserError."""
    return ControlClient(
        config.endpoint,
        server_key=None if config.server_key is None else Path(config.server_key),
        client_key=None if config.client_key is None else Path(config.client_key),
        timeout_s=timeout_s,
    )


def exchange(client: ControlClient) -> Exchange:
    """One round trip. Raises NoAnswer and KeyRefused."""
    sent = time.monotonic_ns()
    reply = client.hello()
    return Exchange(sent, time.monotonic_ns(), reply.unix_ns, reply.line, reply.epoch)
