"""One socket on which commands come in, and who each of its clients is."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import NamedTuple

import zmq

from inspector.control.limits import (
    PEERS,
    REPLIES_WAITING,
    REQUESTS_AT_ONCE,
    REQUESTS_PER_S,
    TOO_MANY_AT_ONCE,
)
from inspector.protocol.control import Role
from inspector.protocol.control_messages import LARGEST_READ
from inspector.results.allow_list import AllowList, Client
from inspector.results.bad_messages import Fault
from inspector.results.endpoint import check_endpoint
from inspector.results.request_socket import RequestLimits, RequestSocket

log = logging.getLogger(__name__)

LOCAL = Client("local", Role.ENGINEER)
"""Whoever could open the ipc socket."""


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
        limits = RequestLimits(
            peers=PEERS,
            replies_waiting=REPLIES_WAITING,
            largest_read=LARGEST_READ,
            at_once=REQUESTS_AT_ONCE,
            per_s=REQUESTS_PER_S,
            too_many=TOO_MANY_AT_ONCE,
        )
        self._requests = RequestSocket(key, limits, keys, wake)

    @property
    def endpoint(self) -> str:
        """The address bound; empty before ``open``."""
        return self._requests.endpoint

    @property
    def bad_messages(self) -> dict[Fault, int]:
        """How many messages could not be used, by kind."""
        return self._requests.guard.bad.counts

    @property
    def unbound(self) -> bool:
        """Whether ``look`` is to be called again soon."""
        return self._requests.unbound

    @property
    def socket(self) -> zmq.Socket[bytes]:
        """To be polled."""
        return self._requests.socket

    def open(self) -> None:
        """Bind. Raises UserError naming the section of the configuration."""
        check_endpoint(self._asked, keys=self._keys is not None, key=self.config_key)
        self._requests.open(self._asked)
        self._requests.let_group_in()
        log.info("taking commands on %s", self.endpoint)

    def read(self, most: int) -> Iterator[Arrival]:
        """What has come in, at most ``most`` messages. Never blocks."""
        for one in self._requests.read(most):
            client = LOCAL if self._keys is None else self._keys.who(one.key)
            if client is not None:  # the key may have been taken out just now
                yield Arrival(one.envelope, one.parts, client, one.key, one.too_many, one.bad)

    def send(self, envelope: list[bytes], data: bytes) -> None:
        """Send a reply; never blocks. It is dropped where the client has gone or does not read."""
        self._requests.send(envelope, [data])

    def look(self) -> None:
        """Bind again where that is due."""
        if self._requests.look():
            self._requests.let_group_in()

    def close(self, linger_ms: int) -> None:
        """Close every socket, after at most ``linger_ms`` for clients to read their replies, and remove the file of an ipc address."""
        self._requests.close(linger_ms)
