"""The sockets of a subscriber: keys, addresses, limits, and the connection to the recovery socket."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import zmq

from inspector.client.connection import Connection
from inspector.client.events import LinkBack, LinkLost
from inspector.errors import UserError
from inspector.protocol.keys import KeyFileError, read_key_file, read_secret_key_file

Context = zmq.Context[zmq.Socket[bytes]]
Socket = zmq.Socket[bytes]
_TCP = re.compile(r"tcp://([^\s/]+):([1-9][0-9]{0,4})")
_ANSWERS_WAITING = 4


class Terms(NamedTuple):
    """How every socket of a subscriber connects."""

    server: bytes
    public: bytes
    secret: bytes
    """CURVE keys; empty: without CURVE."""
    largest_part_bytes: int

    @classmethod
    def read(cls, server_key: Path | None, client_key: Path | None, largest_part_bytes: int) -> Terms:
        """With the keys in these files, both or none. Raises UserError."""
        if (server_key is None) != (client_key is None):
            raise UserError("CURVE needs both the publisher's public key file and your own secret key file")
        if server_key is None or client_key is None:
            return cls(b"", b"", b"", largest_part_bytes)
        try:
            server = read_key_file(server_key).public
            public, secret = read_secret_key_file(client_key)
        except KeyFileError as error:
            raise UserError(f"key file {error}") from None
        return cls(server, public, secret, largest_part_bytes)

    def apply(self, socket: Socket, endpoint: str) -> None:
        """Set the options of a socket that is to connect to ``endpoint``."""
        socket.setsockopt(zmq.MAXMSGSIZE, self.largest_part_bytes)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, 2000)
        # Detects within about 15 s that the publisher's machine is unreachable, and connects again.
        for option, value in ((zmq.TCP_KEEPALIVE, 1), (zmq.TCP_KEEPALIVE_IDLE, 5), (zmq.TCP_KEEPALIVE_INTVL, 3),
                              (zmq.TCP_KEEPALIVE_CNT, 3)):  # fmt: skip
            socket.setsockopt(option, value)
        if "[" in endpoint:
            socket.setsockopt(zmq.IPV6, 1)
        if self.server and not endpoint.startswith("ipc://"):
            socket.setsockopt(zmq.CURVE_SERVERKEY, self.server)
            socket.setsockopt(zmq.CURVE_PUBLICKEY, self.public)
            socket.setsockopt(zmq.CURVE_SECRETKEY, self.secret)


def check_ipc_has_no_keys(endpoint: str, *keys: Path | None) -> None:
    """Raises UserError where there are keys for an ipc address: the line takes no CURVE there, and libzmq would try for ever, silently."""
    if endpoint.startswith("ipc://") and any(key is not None for key in keys):
        raise UserError(
            f"endpoint {endpoint!r}: found keys, which are for tcp://; a line uses none on ipc, where the permissions of the folder say who may connect: "
            "leave both keys out"
        )


def no_address(endpoint: str, error: Exception, key: str = "results.endpoint") -> UserError:
    """The error of an address that cannot be connected to."""
    reason = getattr(error, "strerror", None) or "no text that UTF-8 can encode"
    return UserError(f"endpoint {endpoint!r}: {reason}; expected tcp://ADDRESS:PORT or ipc://PATH, as in {key}")


def recovery_address(told: str | None, endpoint: str) -> str | None:
    """The address of the recovery socket, from what heartbeats say of it and the ``endpoint`` of the results: ``*`` stands for the host
    under which those were reached. Empty where no heartbeat has said anything; None where it is no address, or one of another machine."""
    if not told:
        return told
    if told.startswith("ipc://"):
        return told if endpoint.startswith("ipc://") else None
    found = _TCP.fullmatch(told)
    if found is None or int(found[2]) > 65_535:
        return None
    if found[1] != "*":
        return told
    return f"{endpoint.rpartition(':')[0]}:{found[2]}" if endpoint.startswith("tcp://") else None


class RecoveryLink:
    """A connection to a recovery socket. For one thread."""

    def __init__(self, context: Context, endpoint: str, terms: Terms) -> None:
        """Raises ZMQError where ``endpoint`` is no address."""
        self.socket: Socket = context.socket(zmq.DEALER)
        try:
            terms.apply(self.socket, endpoint)
            self.socket.setsockopt(zmq.RCVHWM, _ANSWERS_WAITING)
            # Not IMMEDIATE: with it libzmq (4.3.5) ends the process, by an assertion (!_more), where the connection breaks while a message of
            # more than a hundred parts is read.
            self._connection = Connection(context, self.socket, endpoint)
        except BaseException:
            self.socket.close()
            raise

    def send(self, data: bytes) -> bool:
        """Send a request; False where there is no connection now: nothing is to wait here for a line that may come later."""
        self._connection.look()
        if not self._connection.stands:
            return False
        try:
            self.socket.send(data, zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def receive(self) -> list[bytes] | None:
        """An answer that is at hand; None where there is none."""
        try:
            return self.socket.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return None

    def look(self) -> list[LinkLost | LinkBack]:
        """Connect again where libzmq does not. To be called now and then."""
        return self._connection.look()

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()
        self.socket.close()
