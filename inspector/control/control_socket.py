"""One socket on which commands come in: its connections, who each of them is, and what they may send."""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import zmq

from inspector.control.limits import PEERS, REPLIES_WAITING, Allowance
from inspector.protocol.control import Role
from inspector.protocol.control_messages import LARGEST_READ
from inspector.results.allow_list import AllowList, Client
from inspector.results.bad_messages import Fault
from inspector.results.brief_log import BriefLog
from inspector.results.connections import Connection, Connections, address_of, descriptor_of, key_of
from inspector.results.endpoint import check_endpoint
from inspector.results.listening import Listening
from inspector.results.peer_guard import PeerGuard
from inspector.results.peer_limits import RECEIVE_BUFFER, RECEIVE_MESSAGES, Cause, connections_possible
from inspector.results.peer_sockets import HANDSHAKE_MS
from inspector.results.zap import ZAP_ENDPOINT

log = logging.getLogger(__name__)

LOCAL = Client("local", Role.ENGINEER)
"""Whoever could open the ipc socket."""
_SOCKET_MODE = 0o660


class Arrival(NamedTuple):
    """What came in on a socket."""

    envelope: list[bytes]
    """What a reply begins with, so that it reaches the client."""
    parts: list[bytes]
    """Of the message; one, where it is a request."""
    client: Client
    key: str
    """The client's public key; empty for a local one."""
    too_many: bool
    """Whether the client has sent more requests than it may."""
    bad: Callable[[Fault, str], None] = lambda fault, what: None
    """To be told where the message cannot be used, and why."""


class ControlSocket:
    """A ROUTER socket. For one thread."""

    def __init__(self, endpoint: str, keys: AllowList | None, key: str, wake: Callable[[], None]) -> None:
        """``keys`` says who may connect over TCP; None for an ipc address. ``key`` is that of the configuration with the address. ``wake`` has
        ``look`` called soon."""
        self._asked = endpoint
        self._keys = keys
        self.config_key = key
        """Of its address."""
        limits = msgspec.structs.replace(PEERS, connections=connections_possible(PEERS.connections))
        self._connections = Connections(limits)
        self._listening = Listening(self._connections, key, wake)
        self._guard = PeerGuard(
            self._connections,
            limits,
            self._listening.bind_anew,
            lambda well, code, text: None,
            key.removesuffix(".endpoint"),
        )
        self._allowances: weakref.WeakKeyDictionary[Connection, Allowance] = weakref.WeakKeyDictionary()
        self._dropped = BriefLog(log, logging.WARNING, "replies that were dropped")

    @property
    def endpoint(self) -> str:
        """The address bound; empty before ``open``."""
        return self._listening.endpoint

    @property
    def bad_messages(self) -> dict[Fault, int]:
        """How many messages could not be used, by kind."""
        return self._guard.bad.counts

    @property
    def unbound(self) -> bool:
        """Whether ``look`` is to be called again soon."""
        return self._listening.unbound

    @property
    def socket(self) -> zmq.Socket[bytes]:
        """To be polled."""
        return self._router

    def open(self) -> None:
        """Bind. Raises UserError naming the section of the configuration."""
        check_endpoint(self._asked, keys=self._keys is not None, key=self.config_key)
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        try:
            zap = self._context.socket(zmq.ROUTER)  # without CURVE nobody asks it
            zap.bind(ZAP_ENDPOINT)
            self._router = self._context.socket(zmq.ROUTER)
            self._set_options()
            self._connections.watch(self._context, self._router)
            self._listening.bind(self._router, self._asked)
            self._let_group_in()
        except BaseException:
            self.close(0)
            raise
        self._guard.start(zap, self._keys)
        log.info("taking commands on %s", self.endpoint)

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

    def send(self, envelope: list[bytes], data: bytes) -> None:
        """Send a reply; never blocks. It is dropped where the client has gone or does not read."""
        try:
            self._router.send_multipart([*envelope, data], zmq.NOBLOCK)
        except zmq.ZMQError as error:
            why = "does not read them" if isinstance(error, zmq.Again) else "has gone"
            self._dropped.write("a reply is dropped: the client %s", why)

    def look(self) -> None:
        """Bind again where that is due."""
        if self._listening.look():
            self._let_group_in()

    def close(self, linger_ms: int) -> None:
        """Close every socket, after at most ``linger_ms`` for clients to read their replies, and remove the file of an ipc address."""
        if self.endpoint.startswith(
            "ipc://"
        ):  # which libzmq would leave behind; while this socket is bound, it is its own
            Path(self.endpoint.removeprefix("ipc://")).unlink(missing_ok=True)
        self._guard.stop()
        self._connections.close()
        self._context.destroy(linger=linger_ms)

    def _taken(self, frames: list[zmq.Frame]) -> Arrival | None:
        """None where the connection has ended, or is to end."""
        connection = self._connections.find(descriptor_of(frames[-1]))
        if connection is None or connection.ending:
            return None
        key = connection.key = connection.key or key_of(frames[-1])
        client = LOCAL if self._keys is None else self._keys.who(key)
        if client is None or (self._keys is not None and not self._keys.allows(key)):
            self._guard.refuse(connection, Cause.KEY, "")
            return None
        allowance = self._allowances.setdefault(connection, Allowance())
        too_many = not allowance.spend()
        if allowance.overdrawn:
            self._guard.refuse(connection, Cause.FLOOD, "one asks too often")
            return None
        # Where there are too many connections, those that have asked for nothing are closed first.
        self._connections.subscribe(connection, b"", True)
        sender = f"{client.name} {address_of(frames[-1])}".strip()
        parts = [bytes(frame.buffer) for frame in frames[: len(frames) if len(frames) <= 4 else 4]]
        begin = 2 if len(parts) > 2 and not parts[1] else 1  # a REQ socket sends an empty part first
        return Arrival(
            parts[:begin],
            parts[begin:],
            client,
            key,
            too_many,
            lambda fault, what: self._guard.bad.note(fault, sender, what),
        )

    def _let_group_in(self) -> None:
        """Give the group of the daemon the right to connect, whatever its umask."""
        if self.endpoint.startswith("ipc://"):
            os.chmod(self.endpoint.removeprefix("ipc://"), _SOCKET_MODE)

    def _set_options(self) -> None:
        options = {
            zmq.ROUTER_MANDATORY: 1,
            zmq.SNDHWM: REPLIES_WAITING,
            zmq.MAXMSGSIZE: LARGEST_READ,
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
        if self._keys is not None:
            self._keys.protect(self._router)
