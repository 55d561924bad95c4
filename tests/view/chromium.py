"""Chromium without a screen, driven by its own debugging protocol over the WebSocket library that the viewer needs anyway."""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("INSPECTOR_REQUIRE_CHROMIUM") != "1",
    reason="needs Chromium: apt-get install chromium, or the package of your system",
)
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--remote-debugging-port=0", "--force-prefers-reduced-motion",
)  # fmt: skip
_START_S = 40.0


class Page:
    """A page, and what went wrong on it."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)
        self.errors: list[str] = []
        """Exceptions, and what the console was told of mistakes, refusals by the content security policy included."""
        self.requests: list[str] = []
        """Addresses that were asked for."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **values: Any) -> Any:
        """A command of the protocol, and its answer."""
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": values}))
        while True:
            message = json.loads(self._connection.recv(timeout=50))
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self._event(message)

    def open(self, address: str) -> None:
        """Go there, and wait until the page is loaded."""
        self.send("Page.navigate", url=address)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def js(self, expression: str) -> Any:
        """The value of an expression; a promise is waited for."""
        told = self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in told:
            raise RuntimeError(f"{expression}: {told['exceptionDetails']}")
        return told["result"].get("value")

    def until(self, condition: str, timeout_s: float = 30.0) -> Any:
        """Wait until an expression is true, looked at in each frame that is drawn."""
        until_s = time.monotonic() + timeout_s
        while time.monotonic() < until_s:
            try:
                if value := self.js(f"new Promise((done) => requestAnimationFrame(() => done({condition})))"):
                    return value
            except RuntimeError as error:  # the page was left meanwhile
                if "navigated" not in str(error) and "context" not in str(error):
                    raise
        raise AssertionError(f"not so within {timeout_s:g} s: {condition}; errors: {self.errors}")

    def empty(self) -> None:
        """Leave the page, and forget what went wrong on it."""
        self.send("Page.navigate", url="about:blank")
        self.until("location.href === 'about:blank'")
        self.errors.clear()
        self.requests.clear()

    def look(self, width: int, height: int, *, dark: bool = True, touch: bool = False) -> None:
        """Size and theme of the screen."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=touch)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])

    def mouse(self, kind: str, x: float, y: float, **other: Any) -> None:
        """An event of the mouse: mousePressed, mouseMoved, mouseReleased, mouseWheel."""
        values: dict[str, Any] = {"button": "left", "buttons": 1, "clickCount": 1} if kind != "mouseWheel" else {}
        self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, **(values | other))

    def click(self, x: float, y: float) -> None:
        """Press and release."""
        self.mouse("mousePressed", x, y)
        self.mouse("mouseReleased", x, y)

    def touch(self, kind: str, *points: tuple[float, float]) -> None:
        """An event of fingers: touchStart, touchMove, touchEnd."""
        self.send("Input.dispatchTouchEvent", type=kind, touchPoints=[{"x": x, "y": y} for x, y in points])

    def key(self, key: str) -> None:
        """Press a key."""
        text = {"text": key} if len(key) == 1 else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key)

    def picture(self, path: Path) -> None:
        """Keep what is on the screen as a PNG."""
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot")["data"]))

    def _event(self, message: dict[str, Any]) -> None:
        method, values = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(values["exceptionDetails"])[:500])
        elif method == "Log.entryAdded" and values["entry"]["level"] == "error":
            self.errors.append(f"{values['entry'].get('url')}: {values['entry']['text']}")
        elif method == "Network.requestWillBeSent":
            self.requests.append(values["request"]["url"])


@contextmanager
def browsing() -> Iterator[Page]:
    """A browser with one page."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [CHROMIUM, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            with connect(_address(process), max_size=None, compression=None, proxy=None) as connection:
                yield Page(connection)
        finally:
            process.kill()
            process.wait()
            assert process.stderr is not None
            process.stderr.close()


def _address(process: subprocess.Popen[str]) -> str:
    """Of the page; the browser says on standard error where it listens."""
    import http.client

    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("DevTools listening on ws://"):
            host = line.split("/")[2]
            break
    else:
        raise AssertionError("Chromium ended before it listened")
    until_s = time.monotonic() + _START_S
    while time.monotonic() < until_s:
        connection = http.client.HTTPConnection(host, timeout=_START_S)
        connection.request("GET", "/json/list")
        pages = [one for one in json.loads(connection.getresponse().read()) if one["type"] == "page"]
        connection.close()
        if pages:
            return str(pages[0]["webSocketDebuggerUrl"])
    raise AssertionError("Chromium shows no page")
