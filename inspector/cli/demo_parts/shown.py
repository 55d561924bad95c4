"""What the demo's own page shows, read as a browser reads it, and told in a line when it is seen for the first time."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

_REVIEWED_EVERY_S = 2.0
_MAP_M = (10, 100)


class Shown:
    """A page of one line. For one thread; ``close`` at the end."""

    def __init__(self, port: int, line: str) -> None:
        self._port, self._line = port, line
        self._socket: ClientConnection | None = None
        self._taken = 0
        self._sections: dict[str, Any] = {}
        self._told: set[str] = set()
        self._reviewed: int | None = None
        self._looked_s = 0.0

    def close(self) -> None:
        """Leave the page."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def take(self, timeout_s: float) -> bool:
        """Take what the viewer sends within that time, at most one message; whether the page is there."""
        try:
            if self._socket is None:
                self._socket = connect(
                    f"ws://127.0.0.1:{self._port}/live", compression=None, proxy=None, open_timeout=5
                )
                self._taken = 0
            message = self._socket.recv(timeout_s)
            self._taken += 1
            self._socket.send(str(self._taken))
        except TimeoutError:
            return True
        except (OSError, InvalidHandshake, ConnectionClosed):
            self._socket = None
            return False
        if isinstance(message, str):
            self._sections.update(json.loads(message)["lines"].get(self._line, {}))
        return True

    def news(self) -> Iterator[str]:
        """What is seen for the first time, a line each."""
        yield from self._map()
        run = (self._sections.get("run") or {}).get("run")
        for mark in self._sections.get("marks", ()):
            key = f"mark {run} {mark['area']['face']} {mark['class']} {mark['period_mm'] / 20:.0f}"
            rolls = "".join(f", which fits the roll {roll['roll']}" for roll in mark.get("rolls", ())[:1])
            yield from self._once(key, f"roll mark found: {mark['class']} every {mark['period_mm']:.1f} mm{rolls}")
        for reject in self._sections.get("rejects", ())[:1]:
            found = ", ".join(sorted({one["class"] for one in reject["defects"]}))
            yield from self._once("reject", f"first reject: frame {reject['frame']}, {found}")
        yield from self._reviews()

    def _map(self) -> Iterator[str]:
        strip = self._sections.get("strip") or {"cameras": ()}
        length_m = max((camera["to_mm"] for camera in strip["cameras"]), default=0.0) / 1000
        for least_m in _MAP_M:
            if length_m >= least_m:
                yield from self._once(f"map {least_m}", f"the map has {length_m:.0f} m of strip")

    def _reviews(self) -> Iterator[str]:
        now_s = time.monotonic()
        if now_s - self._looked_s < _REVIEWED_EVERY_S:
            return
        self._looked_s = now_s
        reviewed = self._ask(f"/api/lines/{self._line}/review?kind=uncertain&limit=1").get("reviewed")
        if reviewed is None:
            return
        if self._reviewed is not None and reviewed > self._reviewed:
            yield f"a review was made; {reviewed} in all"
        self._reviewed = reviewed

    def _ask(self, path: str) -> dict[str, Any]:
        """What the viewer answers; empty where it does not."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            read = json.loads(answer.read()) if answer.status == http.HTTPStatus.OK else {}
        except (OSError, http.client.HTTPException, ValueError):
            return {}
        finally:
            connection.close()
        return read if isinstance(read, dict) else {}

    def _once(self, key: str, text: str) -> Iterator[str]:
        if key not in self._told:
            self._told.add(key)
            yield text
