"""A socket on which requests come in: its connections, who may connect, how often each may ask, and sending replies."""

from __future__ import annotations

import logging
import os
import time
import weakref
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import zmq

from inspector.results.allow_list import AllowList
from inspector.results.bad_messages import Fault
from inspector.results.brief_log import BriefLog
from inspector.results.connections import Connection, Connections, address_of, descriptor_of, key_of
from inspector.results.listening import Listening
from inspector.results.peer_guard import PeerGuard
from inspector.results.peer_limits import RECEIVE_BUFFER, RECEIVE_MESSAGES, Cause, PeerLimits, connections_possible
from inspector.results.peer_sockets import HANDSHAKE_MS
from inspector.results.zap import ZAP_ENDPOINT

log = logging.getLogger(__name__)


_PARTS_PER_STEP = 120
"""Some 0.15 ms."""


class RequestLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What clients may take."""

    peers: PeerLimits
    replies_waiting: int
    """Replies that wait for one client; further ones are dropped."""
    largest_read: int
    """Bytes of a part at which the connection is closed."""
    at_once: int
    """Requests of one connection."""
    per_s: float
    """Requests of one connection, lastingly."""
    too_many: int
    """Requests beyond these at which the connection is closed."""


class Allowance:
    """How many requests one connection may still send."""

    def __init__(self, limits: RequestLimits) -> None:
        self._limits = limits
        self._left = float(limits.at_once)
        self._counted_s = time.monotonic()

    def spend(self) -> bool:
        """Count a request; False where it is one too many."""
        now_s = time.monotonic()
        earned = self._left + (now_s - self._counted_s) * self._limits.per_s
        self._left, self._counted_s = min(self._limits.at_once, earned) - 1, now_s
        return self._left >= 0

    @property
    def overdrawn(self) -> bool:
        """Whether so many were too many that the connection is to be closed."""
        return self._left < -self._limits.too_many


class Arrival(NamedTuple):
    """What came in."""

    connection: Connection
    envelope: list[bytes]
    """What a reply begins with, so that it reaches the client."""
    parts: list[bytes]
    """Of the message; one, where it is a request."""
    key: str
    """The client's public key; empty without CURVE."""
    too_many: bool
    """Whether the client has sent more requests than it may."""
    bad: Callable[[Fault, str], None]
    """To be told where the message cannot be used, and why."""


class RequestSocket:
    """A ROUTER socket. For one thread."""

    def __init__(self, key: str, limits: RequestLimits, clients: AllowList | None, wake: Callable[[], None]) -> None:
        """``key`` is that of the configuration with the address. ``clients`` are those that may connect; None: without CURVE. ``wake`` has
        ``look`` called soon."""
        self._section = key.removesuffix(".endpoint")
        self._limits = limits
        self._clients = clients
        peers = msgspec.structs.replace(limits.peers, connections=connections_possible(limits.peers.connections))
        self.connections = Connections(peers)
        self._listening = Listening(self.connections, key, wake)
        self.guard = PeerGuard(
            self.connections, peers, self._listening.bind_anew, lambda well, code, text: None, self._section
        )
        self._allowances: weakref.WeakKeyDictionary[Connection, Allowance] = weakref.WeakKeyDictionary()
        self._dropped = BriefLog(log, logging.WARNING, "replies that were dropped")

    @property
    def endpoint(self) -> str:
        """The address bound; empty before ``open``."""
        return self._listening.endpoint

    @property
    def unbound(self) -> bool:
        """Whether ``look`` is to be called again soon."""
        return self._listening.unbound

    @property
    def socket(self) -> zmq.Socket[bytes]:
        """To be polled."""
        return self._router

    def open(self, endpoint: str) -> None:
        """Bind to an address that was checked. Raises UserError naming the section of the configuration."""
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        try:
            zap = self._context.socket(zmq.ROUTER)  # without CURVE nobody asks it
            zap.bind(ZAP_ENDPOINT)
            self._router = self._context.socket(zmq.ROUTER)
            self._set_options()
            self.connections.watch(self._context, self._router)
            self._listening.bind(self._router, endpoint)
        except BaseException:
            self.close(0)
            raise
        self.guard.start(zap, self._clients)

    def read(self, most: int) -> Iterator[Arrival]:
        """What has come in, at most ``most`` messages. Never blocks."""
        for _ in range(most):
            try:
                frames = self._router.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            arrival = self._taken(frames)
            if arrival is not None:
                yield arrival

    def send(self, envelope: list[bytes], parts: list[bytes]) -> bool:
        """Send a reply; never blocks. False where it is dropped, because the client has gone or does not read."""
        return self._sent([*envelope, *parts], more=False)

    def _sent(self, parts: list[bytes], *, more: bool) -> bool:
        try:
            self._router.send_multipart(parts, zmq.NOBLOCK | (zmq.SNDMORE if more else 0))
        except zmq.ZMQError as error:
            why = "does not read them" if isinstance(error, zmq.Again) else "has gone"
            self._dropped.write("%s: a reply is dropped: the client %s", self._section, why)
            return False
        return True

    def sending(self, envelope: list[bytes], parts: list[bytes]) -> Generator[int, None, bool]:
        """``send`` in steps, each of which yields 0, for a reply of very many parts: while one is sent, no other thread of the process runs. Nothing else may be sent
        before it has ended."""
        every = [*envelope, *parts]
        if len(every) <= _PARTS_PER_STEP:
            return self.send(envelope, parts)
        if not self._sent(every[:1], more=True):
            return False
        at = 1
        try:
            while len(every) - at > _PARTS_PER_STEP:
                yield 0
                self._sent(every[at : at + _PARTS_PER_STEP], more=True)
                at += _PARTS_PER_STEP
        finally:  # also where it is given up: the next reply must not become a part of this one
            self._sent(every[at:], more=False)
        return True

    def look(self) -> bool:
        """Bind again where that is due; whether it was bound now."""
        return self._listening.look()

    def let_group_in(self) -> None:
        """Give the group of the daemon the right to connect to an ipc address, whatever its umask."""
        if self.endpoint.startswith("ipc://"):
            os.chmod(self.endpoint.removeprefix("ipc://"), 0o660)

    def close(self, linger_ms: int) -> None:
        """Close every socket, after at most ``linger_ms`` for clients to read their replies, and remove the file of an ipc address."""
        # libzmq would leave it behind; while this socket is bound, it is its own.
        if self.endpoint.startswith("ipc://") and not self.endpoint.startswith("ipc://@"):
            Path(self.endpoint.removeprefix("ipc://")).unlink(missing_ok=True)
        self.guard.stop()
        self.connections.close()
        self._context.destroy(linger=linger_ms)

    def _taken(self, frames: list[zmq.Frame]) -> Arrival | None:
        """None where the connection has ended, or is to end."""
        connection = self.connections.find(descriptor_of(frames[-1]))
        if connection is None or connection.ending:
            return None
        key = connection.key = connection.key or key_of(frames[-1])
        if self._clients is not None and not self._clients.allows(key):
            self.guard.refuse(connection, Cause.KEY, "")
            return None
        allowance = self._allowances.setdefault(connection, Allowance(self._limits))
        too_many = not allowance.spend()
        if allowance.overdrawn:
            self.guard.refuse(connection, Cause.FLOOD, "one asks too often")
            return None
        # Where there are too many connections, those that have asked for nothing are closed first.
        self.connections.subscribe(connection, b"", True)
        parts = [bytes(frame.buffer) for frame in frames[: len(frames) if len(frames) <= 4 else 4]]
        begin = 2 if len(parts) > 2 and not parts[1] else 1  # a REQ socket sends an empty part first
        client = None if self._clients is None else self._clients.who(key)
        sender = f"{client.name if client else 'local'} {address_of(frames[-1])}".strip()
        return Arrival(
            connection,
            parts[:begin],
            parts[begin:],
            key,
            too_many,
            lambda fault, what: self.guard.bad.note(fault, sender, what),
        )

    def _set_options(self) -> None:
        options = {
            zmq.ROUTER_MANDATORY: 1,
            zmq.SNDHWM: self._limits.replies_waiting,
            zmq.MAXMSGSIZE: self._limits.largest_read,
            zmq.RCVBUF: RECEIVE_BUFFER,
            zmq.RCVHWM: RECEIVE_MESSAGES,
            zmq.HANDSHAKE_IVL: HANDSHAKE_MS,
            zmq.LINGER: 0,
            # A client whose machine is gone is disconnected within about 40 s.
            zmq.TCP_KEEPALIVE: 1,
            zmq.TCP_KEEPALIVE_IDLE: 10,
            zmq.TCP_KEEPALIVE_INTVL: 10,
            zmq.TCP_KEEPALIVE_CNT: 3,
        }
        for option, value in options.items():
            self._router.setsockopt(option, value)
        if self._clients is not None:
            self._clients.protect(self._router)
