"""Which addresses the publisher may bind, and the errors for those it cannot."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

import zmq

from inspector.config.addresses import check_reach
from inspector.errors import UserError

_LONGEST_IPC_PATH = 107


class InUseError(UserError):
    """Another program, or another line, has the address."""


def check_endpoint(endpoint: str, *, keys: bool, key: str = "results.endpoint") -> None:
    """Check that the endpoint may be bound: without ``keys`` only loopback or an ipc path; an ipc path must not be in use.

    Raises UserError naming the ``key`` of the configuration.
    """
    try:
        check_reach(endpoint, key, keys=keys)
    except ValueError as error:
        raise UserError(str(error)) from None
    if endpoint.startswith("ipc://"):
        _check_ipc(endpoint, key)


def bind(socket_: zmq.Socket[bytes], endpoint: str, key: str = "results.endpoint") -> str:
    """Bind and return the address bound, with the port that ``*`` took. Raises UserError naming ``key``; InUseError where the port is taken."""
    if "[" in endpoint:
        socket_.setsockopt(zmq.IPV6, 1)
    try:
        socket_.bind(endpoint)
    except zmq.ZMQError as error:
        kind = InUseError if error.errno == errno.EADDRINUSE else UserError
        raise kind(f"{key}: {endpoint} cannot be bound: {_worded(error)}") from None
    bound = socket_.getsockopt(zmq.LAST_ENDPOINT)
    assert isinstance(bound, bytes)
    return bound.rstrip(b"\0").decode()


def _check_ipc(endpoint: str, key: str) -> None:
    """libzmq replaces an existing socket file: without this check a second line would silently cut off the first."""
    path = endpoint.removeprefix("ipc://")
    if path in ("", "*"):
        if not path:
            raise UserError(f"{key}: {endpoint!r} names no path; e.g. ipc:///run/inspector/results.ipc")
        return
    if len(path.encode()) > _LONGEST_IPC_PATH:
        raise UserError(f"{key}: the path of {endpoint} is longer than {_LONGEST_IPC_PATH} bytes; choose a shorter one")
    if not Path(path).resolve().parent.is_dir():
        raise UserError(f"{key}: the folder of {endpoint} does not exist; make it or choose another path")
    if Path(path).exists() and not Path(path).is_socket():
        raise UserError(f"{key}: {path} is a file; choose a path that is free")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(path)
        except OSError:
            return
    raise UserError(f"{key}: {endpoint} is in use by another program; stop that one or choose another path")


def _worded(error: zmq.ZMQError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "another program uses this port; stop that one (ss -ltnp shows it) or choose another port"
    if error.errno in (errno.EADDRNOTAVAIL, errno.ENODEV):
        return "this machine has no such address; choose one of its own (ip addr lists them)"
    if error.errno == errno.EACCES:
        return "not permitted; choose a port above 1023 or a folder this user may write to"
    return f"{error.strerror}; expected tcp://ADDRESS:PORT or ipc://PATH"
