"""The three ways of using a subscriber, as one: the tests are the same for each."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import pytest

from inspector.client import AsyncSubscriber, Event, Packet, StreamKey, Subscriber
from inspector.client.completeness import Completeness


class Way(Protocol):
    """A subscriber in use."""

    def receive(self, timeout_ms: int) -> Event | None:
        """The next event; None where none comes."""

    def position(self) -> dict[StreamKey, int]:
        """Where it is."""

    def books(self) -> dict[StreamKey, Completeness]:
        """What it was given."""

    def close(self) -> None:
        """Disconnect."""


class Blocking:
    """Asks for one event after the other."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._inner = Subscriber(*arguments, **options)

    def receive(self, timeout_ms: int) -> Event | None:
        return self._inner.receive(timeout_ms)

    def position(self) -> dict[StreamKey, int]:
        return self._inner.position()

    def books(self) -> dict[StreamKey, Completeness]:
        return self._inner.streams

    def close(self) -> None:
        self._inner.close()


class Asyncio:
    """In a loop of its own."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._inner = AsyncSubscriber(*arguments, **options)
        self._loop = asyncio.new_event_loop()

    def receive(self, timeout_ms: int) -> Event | None:
        return self._loop.run_until_complete(self._inner.receive(timeout_ms))

    def position(self) -> dict[StreamKey, int]:
        return self._inner.position()

    def books(self) -> dict[StreamKey, Completeness]:
        return self._inner.streams

    def close(self) -> None:
        self._inner.close()
        self._loop.close()


class Called:
    """Is called with the events, which are kept for ``receive``."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._inner = Subscriber(*arguments, **{"timeout_ms": 100, **options})
        self._events: deque[Event] = deque()

    def receive(self, timeout_ms: int) -> Event | None:
        until_s = time.monotonic() + timeout_ms / 1000
        while not self._events and time.monotonic() < until_s:
            self._inner.run(self._called)
        return self._events.popleft() if self._events else None

    def _called(self, event: Event) -> None:
        self._events.append(event)
        self._inner.stop()

    def position(self) -> dict[StreamKey, int]:
        return self._inner.position()

    def books(self) -> dict[StreamKey, Completeness]:
        return self._inner.streams

    def close(self) -> None:
        self._inner.close()


WAYS: tuple[Callable[..., Way], ...] = (Blocking, Asyncio, Called)


def gather(way: Way, enough: Callable[[list[Event]], bool], timeout_s: float = 15.0) -> list[Event]:
    """What it gives until there is enough."""
    events: list[Event] = []
    until_s = time.monotonic() + timeout_s
    while not enough(events):
        event = way.receive(1000)
        if event is not None:
            events.append(event)
        if time.monotonic() > until_s:
            pytest.fail(f"not enough in {timeout_s} s: {len(events)} events, the last {events[-5:]}")
    return events


def until_seq(seq: int, epoch: str | None = None) -> Callable[[list[Event]], bool]:
    """Until this number was given."""

    def enough(events: list[Event]) -> bool:
        last = events[-1] if events else None
        return isinstance(last, Packet) and last.header.seq == seq and epoch in (None, last.header.epoch)

    return enough
