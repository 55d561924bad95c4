"""The subscriber for programs with an asyncio loop."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import zmq

from inspector.client.events import Event
from inspector.client.subscription import Subscription

_RUN_MS = 100
_TURN = 32


class AsyncSubscriber(Subscription, AbstractAsyncContextManager["AsyncSubscriber"]):
    """An asynchronous context manager and iterator that yields what ``Subscriber`` yields. It needs no thread, and a loop that can watch
    file descriptors: any but the proactor loop of Windows. To be used by one task at a time."""

    _asked = 0
    """How often ``receive`` was called."""

    async def __aexit__(self, *_: object) -> None:
        self.close()

    async def __aiter__(self) -> AsyncIterator[Event]:
        while (event := await self.receive(self._timeout_ms)) is not None or self.recovering:
            if event is not None:
                yield event

    async def receive(self, timeout_ms: int | None = None) -> Event | None:
        """The next message or event; None when there was none for ``timeout_ms``. May be cancelled; nothing is lost then."""
        self._asked += 1
        if self._asked % _TURN == 0:  # where events are always at hand, other tasks have their turn as well
            await asyncio.sleep(0)
        event = self._next()
        if event is not None:
            return event
        until_s = math.inf if timeout_ms is None else time.monotonic() + timeout_ms / 1000
        while event is None:
            now_s = time.monotonic()
            if now_s >= until_s:
                return None
            await self._readable(min(until_s - now_s, self._pause_s(now_s)))
            event = self._next()
        return event

    async def run(self, callback: Callable[[Event], object]) -> None:
        """Call ``callback`` with every event, and await what it returns where that can be awaited, until ``stop`` is called or nothing came
        for ``timeout_ms`` of the subscriber."""
        self._stopped = False
        since_s = time.monotonic()
        while not self._over(time.monotonic() - since_s):
            event = await self.receive(_RUN_MS)
            if event is not None:
                result = callback(event)
                if inspect.isawaitable(result):
                    await result
                since_s = time.monotonic()

    async def _readable(self, timeout_s: float) -> None:
        """Wait until a socket may have something, at most so long. The descriptor of a ZeroMQ socket tells only of changes, so it is watched
        after everything was taken, and only while nobody else takes anything."""
        loop = asyncio.get_running_loop()
        arrived: asyncio.Future[None] = loop.create_future()
        descriptors = [int(socket.getsockopt(zmq.FD)) for socket in self._sockets()]
        for descriptor in descriptors:
            loop.add_reader(descriptor, _finish, arrived)
        try:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(arrived, timeout_s)
        finally:
            for descriptor in descriptors:
                loop.remove_reader(descriptor)


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
