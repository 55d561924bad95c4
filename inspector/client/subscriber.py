"""Subscribes to a line's results, gives every one of them once and in order, and reports what could not be had."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import zmq

from inspector.client.events import Event
from inspector.client.subscription import Subscription

_RUN_MS = 100


class Subscriber(Subscription, AbstractContextManager["Subscriber"]):
    """A context manager and iterator that yields the messages of a line and, between them, events (``inspector.client.events``).

    Every publication of a stream is yielded once, in the order of the numbers. Those that did not arrive are asked for, and what is behind
    them waits meanwhile; what cannot be had is reported as ``Missed``. It does not raise for data of a faulty publisher, but yields
    ``Malformed``. To be used by one thread at a time.
    """

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Event]:
        while (event := self.receive(self._timeout_ms)) is not None or self.recovering:
            if event is not None:
                yield event

    def receive(self, timeout_ms: int | None = None) -> Event | None:
        """The next message or event; None when there was none for ``timeout_ms``."""
        event = self._next()
        if event is not None:
            return event
        until_s = math.inf if timeout_ms is None else time.monotonic() + timeout_ms / 1000
        while event is None:
            now_s = time.monotonic()
            if now_s >= until_s:
                return None
            poller = zmq.Poller()
            for socket in self._sockets():
                poller.register(socket, zmq.POLLIN)
            poller.poll(math.ceil(1000 * min(until_s - now_s, self._pause_s(now_s))))
            event = self._next()
        return event

    def run(self, callback: Callable[[Event], object]) -> None:
        """Call ``callback`` with every event, until ``stop`` is called or nothing came for ``timeout_ms`` of the subscriber."""
        self._stopped = False
        since_s = time.monotonic()
        while not self._over(time.monotonic() - since_s):
            event = self.receive(_RUN_MS)
            if event is not None:
                callback(event)
                since_s = time.monotonic()
