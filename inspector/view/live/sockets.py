"""The WebSocket of a page: ten times a second what changed, and never more than the page has confirmed to have taken.

The page confirms messages by their number. Where it does not, nothing is sent until it does, and then the latest only: what waits for a slow page is
nothing but its places in what is kept anyway. A page that confirms nothing for ``patience_s`` is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Sequence

from starlette.websockets import WebSocket, WebSocketDisconnect

from inspector.view.access.door import visit_of
from inspector.view.access.security import LOGIN_NEEDED
from inspector.view.access.sessions import Session
from inspector.view.live.lines import ShownLine
from inspector.view.live.sections import clock_ms

EVERY_S = 0.1
UNCONFIRMED = 8
"""Messages that may be under way; a page confirms every fourth at least."""
LATE_S = 0.5
"""Between two messages; with more, the page is told that it is behind."""
_MOST_MESSAGES_PER_S = 100
_NUMBER = re.compile(r"[0-9]{1,15}")
_FULL = 4008
"""Codes of this program with which a socket is closed: what a page cannot mend by connecting again at once."""
_WRONG = 4400


Place = tuple[int, int]
"""Of the boxes of a line: their generation, and the number of the next one."""


class Hub:
    """All pages that are open, and what they are sent."""

    def __init__(self, lines: Sequence[ShownLine], most: int, patience_s: float) -> None:
        """``most``: pages that may be open; one that has confirmed nothing for ``patience_s``, though something was sent, is gone."""
        self.lines = lines
        self.patience_s = patience_s
        self.most = most
        self.open: set[Page] = set()
        self._made_s = 0.0
        self._boxes: dict[tuple[int, int, int], tuple[bytes, Place]] = {}

    def renew(self) -> None:
        """Look at all lines, at most once for all pages that ask in one turn."""
        now_s = time.monotonic()
        if now_s - self._made_s < EVERY_S / 2:
            return
        self._made_s = now_s
        self._boxes.clear()
        for line in self.lines:
            with line.lock:
                line.sections.renew(now_s)

    def boxes(self, number: int, place: Place) -> tuple[bytes, Place] | None:
        """A message with the boxes of a line from this place on, and the place behind them; None where there are no more. It is made once for all
        pages that need the same one."""
        line = self.lines[number]
        with line.lock:
            if line.live.strip is None:
                return None
            boxes = line.live.strip.boxes
            first = place[1] if place[0] == boxes.generation else 0
            if first >= len(boxes) and place[0] == boxes.generation:
                return None
            key = number, boxes.generation, first
            if key not in self._boxes:
                data, last = boxes.message(number, first)
                self._boxes[key] = data, (boxes.generation, last)
            return self._boxes[key]

    async def serve(self, socket: WebSocket) -> None:
        """A page has connected; returns when it has gone."""
        await socket.accept()
        if len(self.open) >= self.most:
            await socket.close(_FULL, f"{self.most} pages are open already")
            return
        page = Page(self, socket, visit_of(socket).session)
        self.open.add(page)
        try:
            await page.serve()
        finally:
            self.open.discard(page)


class Page:
    """One of them."""

    def __init__(self, hub: Hub, socket: WebSocket, session: Session | None) -> None:
        """``session`` ends the page when it ends."""
        self._hub, self._socket, self._session = hub, socket, session
        self._sent = 0
        """Messages that were sent; the next one has this number plus one."""
        self._confirmed = 0
        self._confirmed_s = time.monotonic()
        self._last_s = time.monotonic()
        self._known: dict[tuple[int, str], int] = {}
        self._places: dict[int, Place] = dict.fromkeys(range(len(hub.lines)), (-1, 0))
        self._room = asyncio.Event()
        self._room.set()

    async def serve(self) -> None:
        """Send and listen until one of them ends, or the session does."""
        tasks = [asyncio.ensure_future(self._listen()), asyncio.ensure_future(self._send())]
        if self._session is not None:
            tasks.append(asyncio.ensure_future(self._end_with(self._session)))
            self._session.open(1)
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except (WebSocketDisconnect, RuntimeError, ConnectionError):
            pass
        finally:
            if self._session is not None:
                self._session.open(-1)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _end_with(self, session: Session) -> None:
        await session.ended.wait()
        await self._close(LOGIN_NEEDED, "the login has ended")

    async def _listen(self) -> None:
        second, count = 0, 0
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            count = count + 1 if int(time.monotonic()) == second else 1
            second = int(time.monotonic())
            text = message.get("text")
            if count > _MOST_MESSAGES_PER_S or text is None or not _NUMBER.fullmatch(text):
                await self._close(_WRONG, "expected the number of a message")
                return
            if not self._confirmed <= int(text) <= self._sent:
                await self._close(_WRONG, "no message has this number")
                return
            self._confirmed, self._confirmed_s = int(text), time.monotonic()
            self._room.set()

    async def _send(self) -> None:
        while True:
            until_s = time.monotonic() + EVERY_S
            await self._send_batch()
            await self._send_boxes()
            await asyncio.sleep(max(0.01, until_s - time.monotonic()))

    async def _send_batch(self) -> None:
        await self._has_room()
        self._hub.renew()
        behind_s = time.monotonic() - self._last_s
        self._last_s = time.monotonic()
        parts = [part for number in range(len(self._hub.lines)) if (part := self._news(number))]
        behind_ms = round(behind_s * 1000) if behind_s > LATE_S else 0
        head = f'"n":{self._sent + 1},"at_ms":{clock_ms()},"behind_ms":{behind_ms}'
        await self._out(f'{{{head},"lines":{{{",".join(parts)}}}}}')

    def _news(self, number: int) -> str:
        """What has changed of a line since this page was sent it, as a member of a JSON object; empty where nothing has."""
        line = self._hub.lines[number]
        found = []
        for name, section in line.sections.all.items():
            if self._known.get((number, name), 0) != section.version:
                self._known[number, name] = section.version
                found.append(f'"{name}":{section.data.decode()}')
        return f'"{line.id}":{{{",".join(found)}}}' if found else ""

    async def _send_boxes(self) -> None:
        for number in range(len(self._hub.lines)):
            while (more := self._hub.boxes(number, self._places[number])) is not None:
                await self._has_room()
                self._places[number] = more[1]
                await self._out(more[0])

    async def _has_room(self) -> None:
        """Wait until the page has confirmed enough. Closes it where it does not."""
        while self._sent - self._confirmed >= UNCONFIRMED:
            self._room.clear()
            left_s = self._confirmed_s + self._hub.patience_s - time.monotonic()
            try:
                await asyncio.wait_for(self._room.wait(), max(0.0, left_s))
            except asyncio.TimeoutError:
                raise ConnectionError("the page does not confirm what it is sent") from None

    async def _out(self, message: str | bytes) -> None:
        self._sent += 1
        if self._sent - self._confirmed == 1:
            self._confirmed_s = time.monotonic()
        send = self._socket.send_text(message) if isinstance(message, str) else self._socket.send_bytes(message)
        try:
            await asyncio.wait_for(send, self._hub.patience_s)
        except asyncio.TimeoutError:
            raise ConnectionError("the page takes nothing") from None

    async def _close(self, code: int, why: str) -> None:
        with contextlib.suppress(Exception):
            await self._socket.close(code, why)
