"""The connections of the publishing socket: which are open, what each has sent and subscribed to, and cutting one off.

libzmq keeps connections to itself. Its monitor tells when one begins and ends, with its file descriptor, and every subscription
carries the descriptor too; the operating system counts the bytes that went over it (``traffic``).
"""

from __future__ import annotations

import errno
import math
import os
import socket
import struct
import threading
import time
from dataclasses import dataclass, field

import zmq

from inspector.results import traffic
from inspector.results.peer_limits import PeerLimits

_LISTENER_CLOSED = zmq.EVENT_CLOSED | zmq.EVENT_CLOSE_FAILED
_HANDSHAKE_FAILED = zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
_EVENTS = zmq.EVENT_LISTENING | zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED | _LISTENER_CLOSED | _HANDSHAKE_FAILED
_MONITOR = "inproc://results.connections"


@dataclass(eq=False)
class Connection:
    """One peer."""

    descriptor: int
    since_s: float
    allowance: float
    """Bytes it may still send now."""
    read_s: float
    """When ``received`` was read."""
    received: int | None = 0
    """Bytes that arrived from it; None where the system does not count them (``ipc``)."""
    topics: dict[bytes, bool] = field(default_factory=dict)
    """Its subscriptions, and whether each covers one of the line's streams; changed by ``Connections`` only."""
    waiting: int = 0
    """Bytes sent to it that its system had not acknowledged when ``Backlog`` looked last, as the next two."""
    acknowledged: int | None = 0
    """Bytes its system had acknowledged since it connected; None where they are not counted (``ipc``)."""
    overcounted: bool = False
    """Its subscriptions changed, so that ``waiting`` may hold what was sent before or after one."""
    key: str = ""
    """With CURVE: its public key, once it has subscribed."""
    address: str = ""
    """Of its machine; known once it is cut off."""
    ending: bool = False
    """Cut off, and about to disappear."""


class Connections:
    """The open connections. ``watch``, ``unbind`` and ``close`` are for the publishing thread, all else may be called from any thread."""

    def __init__(self, limits: PeerLimits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._open: dict[int, Connection] = {}
        self.listener: int | None = None
        """Descriptor of the listening socket; None while there is none."""
        self.accepted = 0
        """Connections so far."""
        self.handshakes_failed = 0
        """Connections whose peer could not be understood, as one without CURVE where keys are used; not those whose key was refused."""
        self._subscriptions = 0
        self._covering = 0
        self._data: zmq.Socket[bytes] | None = None
        self._monitor: zmq.Socket[bytes] | None = None
        self._address: int | str = 0
        """Port or path of the publishing socket."""

    def watch(self, context: zmq.Context[zmq.Socket[bytes]], data: zmq.Socket[bytes]) -> None:
        """Learn of the connections of ``data``, which is not bound yet."""
        data.monitor(_MONITOR, _EVENTS)
        monitor = context.socket(zmq.PAIR)
        # Without a limit: libzmq's own thread would wait for room, and everything with it.
        monitor.setsockopt(zmq.RCVHWM, 0)
        monitor.connect(_MONITOR)
        self._data, self._monitor = data, monitor

    def bound(self, endpoint: str) -> None:
        """Set the address of the publishing socket; only connections to it are ever cut off."""
        self._address = int(endpoint.rpartition(":")[2]) if endpoint.startswith("tcp://") else endpoint[len("ipc://") :]

    def refresh(self) -> None:
        """Take in what the monitor has told since."""
        with self._lock:
            self._take_events()

    def find(self, descriptor: int) -> Connection | None:
        """The connection that has ``descriptor`` now."""
        with self._lock:
            self._take_events()  # a descriptor is used again: what ended before must be known first
            return self._open.get(descriptor)

    def is_open(self, connection: Connection) -> bool:
        """Whether ``connection`` has neither ended nor been cut off."""
        with self._lock:
            return self._open.get(connection.descriptor) is connection and not connection.ending

    def all(self) -> list[Connection]:
        """The open connections, the oldest first, without those that were cut off."""
        with self._lock:
            return [connection for connection in self._open.values() if not connection.ending]

    def descriptors(self) -> list[int]:
        """What becomes readable when a peer connects or sends something. One may be closed, or be another file, by the time it is used."""
        with self._lock:
            monitor = [] if self._monitor is None else [int(self._monitor.getsockopt(zmq.FD))]
            return monitor + [connection.descriptor for connection in self._open.values() if not connection.ending]

    @property
    def subscriptions(self) -> int:
        """Number of subscriptions of all connections."""
        return self._subscriptions

    @property
    def covering(self) -> int:
        """How many of them cover one of the line's streams."""
        return self._covering

    def subscribe(self, connection: Connection, topic: bytes, covers: bool) -> bool:
        """Note a subscription; False where ``connection`` has it already, or has ended."""
        with self._lock:
            if topic in connection.topics or self._open.get(connection.descriptor) is not connection:
                return False
            connection.topics[topic] = covers
            connection.overcounted = True
            self._subscriptions += 1
            self._covering += covers
            return True

    def unsubscribe(self, connection: Connection, topic: bytes) -> bool | None:
        """Note the end of a subscription; return whether it covered one of the line's streams, None where there was none."""
        with self._lock:
            if self._open.get(connection.descriptor) is not connection:
                return None
            covered = connection.topics.pop(topic, None)
            connection.overcounted = True
            if covered is not None:
                self._subscriptions -= 1
                self._covering -= covered
            return covered

    def unbind(self, endpoint: str) -> None:
        """Close all connections and what accepts them. libzmq does it in a thread of its own; ``listener`` is None once it has."""
        assert self._data is not None, "watched first"
        with self._lock:
            self._take_events()
            self._data.unbind(endpoint)
            for descriptor in list(self._open):
                self._ended(descriptor)

    def close(self) -> None:
        """Stop listening to the monitor."""
        with self._lock:
            if self._data is not None and self._monitor is not None:
                # First the writing end: libzmq would wait for ever to write to a monitor that is closed.
                self._data.disable_monitor()
                self._monitor.close(linger=0)
                self._monitor = None

    def read_received(self, connection: Connection, now_s: float) -> bool:
        """Read how many bytes arrived on ``connection``; False where it has sent more than it may."""
        received, before = traffic.received(connection.descriptor), connection.received
        if received is None or before is None:
            connection.received = None
            return True
        new, passed_s = max(0, received - before), now_s - connection.read_s
        earned = connection.allowance + passed_s * self._limits.bytes_per_s
        connection.allowance = min(self._limits.burst_bytes, earned) - new
        connection.received, connection.read_s = received, now_s
        return connection.allowance >= 0

    def received(self) -> float:
        """Bytes that arrived on all open connections; infinite where that is unknown of one."""
        with self._lock:
            counts = [connection.received for connection in self._open.values()]
        return sum(math.inf if count is None else count for count in counts)

    def cut_off(self, connection: Connection) -> bool:
        """Close ``connection``; False where no file descriptor is left to do it.

        libzmq sees that its peer has gone and closes its end, which drops what is still to be sent or read. A copy of the descriptor is used, so that it cannot be another file meanwhile, and it
        is looked at first, because libzmq may have closed it and another connection may have its number.
        """
        connection.ending = True
        try:
            copy = os.dup(connection.descriptor)
        except OSError as error:
            return error.errno not in (errno.EMFILE, errno.ENFILE)
        try:
            peer = socket.socket(fileno=copy)
        except OSError:
            os.close(copy)
            return True
        with peer:
            try:
                if self._is_ours(peer):
                    if peer.family != socket.AF_UNIX:
                        connection.address = str(peer.getpeername()[0])
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    peer.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # gone already
        return True

    def _is_ours(self, peer: socket.socket) -> bool:
        name = peer.getsockname()
        if peer.family == socket.AF_UNIX:
            return bool(name) and os.fsdecode(name).replace("\0", "@") == self._address
        return bool(name[1] == self._address)

    def _take_events(self) -> None:
        while self._monitor is not None and int(self._monitor.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            event, descriptor = struct.unpack("=hi", self._monitor.recv_multipart(zmq.NOBLOCK)[0])
            if event & _HANDSHAKE_FAILED:  # the number beside it says what failed, not where
                self.handshakes_failed += 1
                continue
            if event & _LISTENER_CLOSED:
                self.listener = None
                continue
            if event == zmq.EVENT_LISTENING:
                self.listener = descriptor
                continue
            self._ended(descriptor)
            if event == zmq.EVENT_ACCEPTED:
                self.accepted += 1
                now_s = time.monotonic()
                self._open[descriptor] = Connection(descriptor, now_s, self._limits.burst_bytes, now_s)

    def _ended(self, descriptor: int) -> None:
        connection = self._open.pop(descriptor, None)
        if connection is not None:
            self._subscriptions -= len(connection.topics)
            self._covering -= sum(connection.topics.values())


def descriptor_of(frame: zmq.Frame) -> int:
    """The file descriptor of the connection on which a message came; -1 where it has ended."""
    return int(_property(frame, "__fd") or -1)


def address_of(frame: zmq.Frame) -> str:
    """The address of the machine that a message came from; empty over ``ipc``."""
    return _property(frame, "Peer-Address")


def key_of(frame: zmq.Frame) -> str:
    """With CURVE the public key of the peer that sent a message; empty without."""
    return _property(frame, "User-Id")


def _property(frame: zmq.Frame, name: str) -> str:
    """A property of a received message; empty where it has none of this name."""
    try:
        return str(frame.get(name))
    except zmq.ZMQError:
        return ""
