"""A viewer that serves, and a page as a program: what it is sent, put together."""

from __future__ import annotations

import contextlib
import json
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from websockets.exceptions import ConnectionClosed
from websockets.frames import Close
from websockets.sync.client import ClientConnection, connect

from inspector.view.app import PATIENCE_S, Viewer
from inspector.view.config import ViewConfig, ViewLineConfig
from inspector.view.load import checked

_HEAD = struct.Struct("<6I")


def configured(*endpoints: str, **more: Any) -> ViewConfig:
    lines = tuple(ViewLineConfig(endpoint=endpoint) for endpoint in endpoints)
    return checked(ViewConfig(**{"listen": "127.0.0.1:0", "lines": lines, **more}), "view.yaml")


@contextmanager
def serving(config: ViewConfig, patience_s: float = PATIENCE_S) -> Iterator[Viewer]:
    stop = threading.Event()
    viewer = Viewer(config, patience_s=patience_s)
    failed: list[BaseException] = []

    def run() -> None:
        try:
            viewer.run(stop)
        except BaseException as error:
            failed.append(error)
            raise

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield viewer
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()
        assert not failed


class Page:
    """What a page knows; it confirms every message."""

    def __init__(self, viewer: Viewer, cookie: str = "", context: ssl.SSLContext | None = None, **options: Any) -> None:
        """``cookie``: of a login; ``context``: with which it connects, where the pages are served over TLS."""
        if cookie:
            options["additional_headers"] = {"cookie": cookie}
        scheme = "ws" if context is None else "wss"
        address = f"{scheme}://127.0.0.1:{viewer.port}/live"
        self._connecting = connect(address, compression=None, ssl=context, **options)
        self.taken = 0
        self.lines: dict[str, dict[str, Any]] = {}
        self.boxes: dict[int, NDArray[np.float32]] = {}
        self.kinds: dict[int, bytes] = {}
        self.generations: dict[int, int] = {}
        self.behind_ms: list[int] = []

    def __enter__(self) -> Page:
        self.socket: ClientConnection = self._connecting.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._connecting.__exit__(*error)

    def take(self, timeout_s: float = 10.0) -> None:
        """One message."""
        message = self.socket.recv(timeout_s)
        self.taken += 1
        self.socket.send(str(self.taken))
        if isinstance(message, str):
            read = json.loads(message)
            assert read["n"] == self.taken
            self.behind_ms.append(read["behind_ms"])
            for line, sections in read["lines"].items():
                self.lines.setdefault(line, {}).update(sections)
        else:
            self._boxes(message)

    def confirm_nothing(self, quiet_s: float = 0.7) -> int:
        """Take messages and confirm none, until no more come for so long; the number of the last one."""
        with contextlib.suppress(TimeoutError):
            while True:
                self.socket.recv(quiet_s)
                self.taken += 1
        return self.taken

    def ended(self, timeout_s: float = 10.0) -> Close | None:
        """Read, and confirm nothing, until the connection ends; how it was closed, None where it was cut off."""
        try:
            while True:
                self.socket.recv(timeout_s)
        except ConnectionClosed as closed:
            return closed.rcvd

    def until(self, condition: Callable[[Page], object], timeout_s: float = 15.0) -> None:
        """Take messages until something holds. A key that is not there yet is no mistake."""
        until_s = time.monotonic() + timeout_s
        while time.monotonic() < until_s:
            self.take()
            try:
                if condition(self):
                    return
            except (KeyError, TypeError):
                pass
        raise AssertionError(f"it never came true; the page knows {self.lines}")

    def line(self, section: str, name: str = "line1") -> Any:
        return self.lines[name][section]

    def _boxes(self, message: bytes) -> None:
        line, generation, first, count, _, _ = _HEAD.unpack_from(message)
        values = np.frombuffer(message, "<f4", 4 * count, _HEAD.size).reshape(4, count).T
        kinds = message[_HEAD.size + 16 * count : _HEAD.size + 17 * count]
        assert len(message) == _HEAD.size + 18 * count
        if generation != self.generations.get(line):
            assert first == 0
            self.generations[line], self.boxes[line], self.kinds[line] = generation, np.zeros((0, 4), np.float32), b""
        assert first == len(self.boxes[line])
        self.boxes[line] = np.concatenate([self.boxes[line], values])
        self.kinds[line] += kinds
