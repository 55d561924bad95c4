"""Debian's chromium, over its DevTools protocol: what a page does, asks for and complains of."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--remote-debugging-port=0",
)  # fmt: skip
_HEARD = "DevTools listening on "


class Tab:
    """One page."""

    def __init__(self, socket: ClientConnection, session: str, numbers: Iterator[int]) -> None:
        self._socket, self._session, self._numbers = socket, session, numbers
        self.asked: list[str] = []
        """Addresses that the page asked for, WebSockets too."""
        self.complaints: list[str] = []
        """Errors and warnings: of scripts, of the console, and of the content security policy."""

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command of the protocol, and its answer."""
        return _call(self._socket, next(self._numbers), method, parameters, self._session, self._note)

    def open(self, url: str) -> None:
        """Load a page."""
        self.call("Page.navigate", url=url)

    def evaluate(self, script: str) -> Any:
        """The value of an expression, or of what it promises."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def until(self, script: str, timeout_s: float = 20.0) -> Any:
        """Wait until an expression is true in the page; what it is then. One that cannot be evaluated yet is not."""
        until_s = time.monotonic() + timeout_s
        last: object = None
        while time.monotonic() < until_s:
            try:
                last = self.evaluate(script)
            except AssertionError as error:
                last = error
            else:
                if last:
                    return last
            time.sleep(0.05)
        raise AssertionError(f"never true: {script}: {last}; {self.complaints}")

    def size(self, width: int, height: int, dark: bool = False) -> None:
        """Of the window, CSS pixels; and which colours the machine prefers."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self, path: Path, **options: Any) -> None:
        """What is seen."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", **options)["data"]))

    def _note(self, method: str, parameters: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self.asked.append(parameters["request"]["url"])
        elif method == "Network.webSocketCreated":
            self.asked.append(parameters["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(parameters["exceptionDetails"])[:500])
        elif method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            self.complaints.append(f"{parameters['entry']['text']} {parameters['entry'].get('url', '')}")
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning"):
            self.complaints.append(json.dumps(parameters["args"])[:500])


@contextmanager
def chromium(folder: Path) -> Iterator[Tab]:
    """A browser with one tab; ``folder`` for what it keeps. Skips where there is none."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no chromium here: apt-get install chromium")
    process = subprocess.Popen(
        [program, *_FLAGS, f"--user-data-dir={folder}", "about:blank"], stderr=subprocess.PIPE, text=True, stdout=subprocess.DEVNULL
    )  # fmt: skip
    try:
        assert process.stderr is not None
        address = next(line.split(_HEARD)[1].strip() for line in process.stderr if _HEARD in line)
        with connect(address, compression=None, max_size=1 << 26) as socket:
            yield _tab(socket)
    finally:
        process.kill()
        process.communicate()


def _tab(socket: ClientConnection) -> Tab:
    numbers = itertools.count(1)
    target = _call(socket, next(numbers), "Target.createTarget", {"url": "about:blank"})["targetId"]
    session = _call(socket, next(numbers), "Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
    tab = Tab(socket, session, numbers)
    for domain in ("Page", "Runtime", "Network", "Log"):
        tab.call(f"{domain}.enable")
    return tab


def _call(
    socket: ClientConnection, number: int, method: str, parameters: dict[str, Any], session: str = "", note: Any = None
) -> dict[str, Any]:
    message = {"id": number, "method": method, "params": parameters}
    socket.send(json.dumps({**message, "sessionId": session} if session else message))
    while True:
        answer = json.loads(socket.recv(30))
        if answer.get("id") == number:
            if "error" in answer:
                raise AssertionError(f"{method}: {answer['error']}")
            result: dict[str, Any] = answer["result"]
            return result
        if note is not None and "method" in answer:
            note(answer["method"], answer["params"])
