"""Reads the subscriptions that an XPUB socket reports, and counts those to the line's streams."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable

import zmq

from inspector.results.bad_messages import BadMessages, Fault
from inspector.results.brief_log import BriefLog
from inspector.results.connections import Connection, Connections, address_of, descriptor_of, key_of
from inspector.results.peer_limits import Cause, PeerLimits

log = logging.getLogger(__name__)

_MESSAGES_PER_TURN = 1000


class Subscriptions:
    """The subscriptions. ``read`` is for the publishing thread; ``count`` and ``wait`` may be called from any thread."""

    def __init__(
        self,
        prefixes: Iterable[str],
        connections: Connections,
        limits: PeerLimits,
        refuse: Callable[[Connection, Cause, str], None],
        allowed: Callable[[str], bool] = lambda key: True,
        bad: BadMessages | None = None,
    ) -> None:
        """``prefixes`` are what the topics of each stream begin with. ``refuse`` is called for a connection that exceeds a limit,
        with the reason; ``allowed`` says whether the owner of a key may still subscribe; ``bad`` counts messages that are no subscriptions."""
        self._prefixes = tuple(prefix.encode() for prefix in prefixes)
        self._connections = connections
        self._limits = limits
        self._refuse = refuse
        self._allowed = allowed
        self._bad = bad or BadMessages("results")
        self._changed = threading.Condition()
        self._joined = False
        self._arrivals = BriefLog(log, logging.INFO, "subscriptions")
        self._strangers = BriefLog(log, logging.WARNING, "subscriptions that match no topic")

    @property
    def count(self) -> int:
        """Subscriptions to one of the line's streams or to part of one; a subscriber usually has one."""
        self._connections.refresh()
        return self._connections.covering

    def take_joined(self) -> bool:
        """Whether a subscription has arrived since the last call; for the publishing thread."""
        joined, self._joined = self._joined, False
        return joined

    def read(self, data: zmq.Socket[bytes]) -> None:
        """Read what waits on ``data``, an XPUB socket that reports every subscription."""
        for _ in range(_MESSAGES_PER_TURN):
            try:
                frame = data.recv(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                break
            self._take(frame)
        with self._changed:
            self._changed.notify_all()

    def wait(self, count: int, timeout_s: float, stopping: threading.Event | None = None) -> bool:
        """Block until ``count`` subscriptions are there; False after ``timeout_s`` or once ``stopping`` is set."""
        until_s = time.monotonic() + timeout_s
        while self.count < count:
            left_s = until_s - time.monotonic()
            if left_s <= 0 or (stopping is not None and stopping.is_set()):
                return False
            with self._changed:
                self._changed.wait(min(left_s, 0.1))
        return True

    def _take(self, frame: zmq.Frame) -> None:
        content = bytes(frame.buffer)
        if content[:1] not in (b"\0", b"\1"):
            if descriptor_of(frame) >= 0:
                self._bad.note(Fault.MALFORMED, address_of(frame), f"{len(content)} bytes that are no subscription")
            return
        # A connection that ends takes its subscriptions along, and libzmq then reports them without a descriptor.
        connection = self._connections.find(descriptor_of(frame))
        if connection is None or connection.ending:
            return
        connection.key = connection.key or key_of(frame)
        topic = content[1:]
        if not self._allowed(connection.key):
            self._refuse(connection, Cause.KEY, "")
        elif content[0]:
            self._arrived(connection, topic)
        elif self._connections.unsubscribe(connection, topic):
            self._arrivals.write("subscription to %s gone: %d now", _shortened(topic), self.count)

    def _arrived(self, connection: Connection, topic: bytes) -> None:
        self._joined = True
        covers = any(prefix.startswith(topic) or topic.startswith(prefix) for prefix in self._prefixes)
        if not self._connections.subscribe(connection, topic, covers):
            return
        if covers:
            self._arrivals.write("subscription to %s arrived: %d now", _shortened(topic), self.count)
        else:
            prefixes = ", ".join(prefix.decode() for prefix in self._prefixes)
            self._strangers.write(
                "a subscriber asks for %s, but topics here begin with %s", _shortened(topic), prefixes
            )
        if len(topic) > self._limits.topic_bytes:
            self._refuse(
                connection, Cause.SUBSCRIPTIONS, f"a subscription of more than {self._limits.topic_bytes} bytes"
            )
        elif len(connection.topics) > self._limits.subscriptions:
            self._refuse(connection, Cause.SUBSCRIPTIONS, f"more than {self._limits.subscriptions} subscriptions")
        else:
            self._check_all()

    def _check_all(self) -> None:
        """Refuse the connection with the most subscriptions where all of them together are too many."""
        if self._connections.subscriptions > self._limits.all_subscriptions:
            greediest = max(self._connections.all(), key=lambda one: len(one.topics))
            most = self._limits.all_subscriptions
            self._refuse(greediest, Cause.SUBSCRIPTIONS, f"the most of {most} subscriptions of all connections")


def _shortened(topic: bytes) -> str:
    return repr(topic[:100].decode("utf-8", "replace")) + ("..." if len(topic) > 100 else "")
