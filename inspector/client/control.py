"""Gives commands to a running line over its control socket. ``docs/control.md`` is the contract."""

from __future__ import annotations

import os
import struct
import time
import uuid
from contextlib import AbstractContextManager
from pathlib import Path

import zmq

from inspector.client.sockets import check_ipc_has_no_keys
from inspector.errors import UserError
from inspector.protocol.control import SLOW, AnyCommand
from inspector.protocol.control_messages import Outcome, Reply, Request, decode_reply, encode
from inspector.protocol.keys import KeyFileError, read_key_file, read_secret_key_file

_LARGEST_REPLY = 4 << 20
_AGAIN_S = 1.0
"""After so long without a final reply the request is sent again, with the same id."""
_SLOW_EXPIRY_S = 60.0
"""A command that loads engines may have to wait for another one for so long."""
_MONITOR = "inproc://control.connection"


class NoAnswer(Exception):  # noqa: N818 - what happened, no error of the program
    """The daemon did not answer; whether it did what it was asked is not known. The text is one line."""


class KeyRefused(Exception):  # noqa: N818
    """The daemon does not let the owner of this key in. The text is one line."""


class ControlClient(AbstractContextManager["ControlClient"]):
    """A client of a control socket. A context manager, to be used by one thread at a time."""

    def __init__(
        self,
        endpoint: str,
        *,
        server_key: Path | None = None,
        client_key: Path | None = None,
        on_behalf_of: str = "",
        timeout_s: float = 5.0,
    ) -> None:
        """``server_key`` is the daemon's public key file (``*.key``) and ``client_key`` one's own secret one (``*.key_secret``, 0600); both
        are for TCP. ``on_behalf_of`` names the person a program speaks for. ``timeout_s``: a daemon that says nothing for so long does
        not answer. Raises UserError for an address or a key that cannot be used, and NoAnswer where an ipc address has no socket that may
        be opened."""
        self._endpoint = endpoint
        self._on_behalf_of = on_behalf_of
        self._timeout_s = timeout_s
        check_ipc_has_no_keys(endpoint, server_key, client_key)
        _check_ipc(endpoint)
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        try:
            self._socket.setsockopt(zmq.LINGER, 0)
            self._socket.setsockopt(zmq.IMMEDIATE, 1)  # nothing waits here for a daemon that may come later
            self._socket.setsockopt(zmq.MAXMSGSIZE, _LARGEST_REPLY)
            self._socket.setsockopt(zmq.RCVHWM, 16)
            self._use_keys(server_key, client_key)
            self._socket.monitor(_MONITOR, zmq.EVENT_HANDSHAKE_FAILED_AUTH)
            self._events = self._context.socket(zmq.PAIR)
            self._events.connect(_MONITOR)
            if "[" in endpoint:
                self._socket.setsockopt(zmq.IPV6, 1)
            try:
                self._socket.connect(endpoint)
            except zmq.ZMQError:
                raise UserError(
                    f"{endpoint!r} is no address; expected ipc://PATH or tcp://HOST:PORT, e.g. tcp://line1:5560"
                ) from None
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._context.destroy(linger=0)

    def hello(self) -> Reply:
        """The daemon's line, epoch and clocks. Raises NoAnswer and KeyRefused."""
        return self._exchange(Request(control=1, id=str(uuid.uuid4())), self._timeout_s)

    def ask(self, command: AnyCommand, longest_s: float | None = None, request_id: str | None = None) -> Reply:
        """Have the line do ``command``; return its final reply, which may be a refusal.

        The request is sent again with the same id until the reply comes, so a reply that is lost costs nothing and the command is done
        once. ``longest_s`` bounds the wait for one that is being done; None: as long as the daemon says that it is. ``request_id``: that of the
        request, where somebody has chosen one already; None: a new one. Raises NoAnswer and KeyRefused.
        """
        told, told_ns = self.hello(), time.monotonic_ns()
        valid_s = _SLOW_EXPIRY_S if type(command) in SLOW else self._timeout_s
        return self._exchange(
            Request(
                control=1,
                id=request_id or str(uuid.uuid4()),
                epoch=told.epoch,
                expires_ns=told.monotonic_ns + (time.monotonic_ns() - told_ns) + int(valid_s * 1e9),
                on_behalf_of=self._on_behalf_of,
                do=command,
            ),
            longest_s,
        )

    def _exchange(self, request: Request, longest_s: float | None) -> Reply:
        data = encode(request)
        begun_s = heard_s = time.monotonic()
        send_s = begun_s
        while True:
            now_s = time.monotonic()
            if now_s - heard_s > self._timeout_s:
                key = ", and is the public key that daemon's?" if self._endpoint.startswith("tcp://") else "?"
                raise NoAnswer(
                    f"no answer from {self._endpoint} for {self._timeout_s:g} s; does the daemon run there{key}"
                )
            if longest_s is not None and now_s - begun_s > longest_s:
                raise NoAnswer(
                    f"the daemon is still at it after {longest_s:g} s; `inspector ctl status` shows the line"
                )
            self._check_key()
            if now_s >= send_s and self._sent(data):
                send_s = now_s + _AGAIN_S
            reply = self._received(100)
            if reply is not None and reply.id == request.id:
                heard_s = time.monotonic()
                if reply.outcome is not Outcome.WORKING:
                    return reply

    def _sent(self, data: bytes) -> bool:
        if not self._socket.poll(100, zmq.POLLOUT):
            return False
        try:
            self._socket.send(data, zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def _received(self, timeout_ms: int) -> Reply | None:
        if not self._socket.poll(timeout_ms):
            return None
        parts = self._socket.recv_multipart()
        try:
            return decode_reply(parts[-1])
        except ValueError as error:
            raise NoAnswer(f"{self._endpoint} is no control socket of this version: {error}"[:300]) from None

    def _check_key(self) -> None:
        while self._events.poll(0):
            event, _ = struct.unpack("=hi", self._events.recv_multipart(zmq.NOBLOCK)[0])
            if event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
                raise KeyRefused(
                    f"{self._endpoint} does not let this key in; on the daemon's machine: inspector keys allow NAME.key --role ROLE"
                )

    def _use_keys(self, server_key: Path | None, client_key: Path | None) -> None:
        if server_key is None and client_key is None:
            if self._endpoint.startswith("tcp://"):
                raise UserError("control over TCP needs keys: give the daemon's public key and your own (docs/keys.md)")
            return
        if server_key is None or client_key is None:
            raise UserError(
                "a control socket with CURVE needs both keys: the daemon's public one and your own secret one"
            )
        try:
            public, secret = read_secret_key_file(client_key)
            server = read_key_file(server_key).public
        except KeyFileError as error:
            raise UserError(str(error)) from None
        self._socket.setsockopt(zmq.CURVE_SERVERKEY, server)
        self._socket.setsockopt(zmq.CURVE_PUBLICKEY, public)
        self._socket.setsockopt(zmq.CURVE_SECRETKEY, secret)


def _check_ipc(endpoint: str) -> None:
    """libzmq would try for ever. Raises NoAnswer where there is no socket, or none that may be opened."""
    path = endpoint.removeprefix("ipc://")
    if path == endpoint:
        return
    if not os.path.exists(path):
        folder = os.path.dirname(os.path.abspath(path))
        while not os.path.isdir(folder) and folder != os.path.dirname(folder):
            folder = os.path.dirname(folder)
        if os.access(folder, os.X_OK):
            raise NoAnswer(
                f"there is no socket {path}; the line does not run, or takes no commands: without systemd it takes them only where "
                "control.endpoint names an address"
            )
        raise NoAnswer(f"{path} cannot be seen; members of the group of the daemon (inspector) and root may open it")
    if not os.access(path, os.W_OK):
        raise NoAnswer(f"{path} may not be opened; members of the group of the daemon (inspector) and root may")
