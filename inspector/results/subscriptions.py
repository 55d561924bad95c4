"""Counts the subscriptions that an XPUB socket reports."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable

import zmq

log = logging.getLogger(__name__)

_STRANGERS_LOGGED = 20


class Subscriptions:
    """Counts subscriptions. ``read`` is for the publishing thread; ``count`` and ``wait`` may be called from any thread."""

    def __init__(self, prefixes: Iterable[str]) -> None:
        """``prefixes`` are what the topics of each stream begin with."""
        self._prefixes = tuple(prefixes)
        self._count = 0
        self._strangers = 0
        self._changed = threading.Condition()

    @property
    def count(self) -> int:
        """Subscriptions to one of the line's streams or to part of one; a subscriber usually has one."""
        return self._count

    def read(self, data: zmq.Socket[bytes]) -> None:
        """Read one message from ``data``, an XPUB socket that reports every subscription."""
        message = data.recv(zmq.NOBLOCK)
        while data.getsockopt(zmq.RCVMORE):
            data.recv(zmq.NOBLOCK)
        if message[:1] not in (b"\0", b"\1"):
            return
        topic = message[1:].decode("utf-8", "replace")
        if not any(prefix.startswith(topic) or topic.startswith(prefix) for prefix in self._prefixes):
            self._stranger(topic)
            return
        with self._changed:
            self._count += 1 if message[0] else -1
            self._changed.notify_all()
        log.info("subscription to %r %s: %d now", topic, "arrived" if message[0] else "gone", self._count)

    def wait(self, count: int, timeout_s: float, stopping: threading.Event | None = None) -> bool:
        """Block until ``count`` subscriptions are there; False after ``timeout_s`` or once ``stopping`` is set."""
        until_s = time.monotonic() + timeout_s
        with self._changed:
            while self._count < count:
                left_s = until_s - time.monotonic()
                if left_s <= 0 or (stopping is not None and stopping.is_set()):
                    return False
                self._changed.wait(min(left_s, 0.1))
        return True

    def _stranger(self, topic: str) -> None:
        """Warn of a subscription that matches no topic: mostly a misspelt line or camera, which would never get a message."""
        self._strangers += 1
        if self._strangers <= _STRANGERS_LOGGED:
            log.warning("a subscriber asks for %.100r, but topics here begin with %s", topic, ", ".join(self._prefixes))
