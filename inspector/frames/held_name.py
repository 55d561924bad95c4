"""A name on this machine that one process at a time can hold, and that the kernel gives free when the process ends, however it ends.

It is the address of an abstract Unix socket: there is no file that a killed process could leave behind. Processes of every user see the same
names; those in another network namespace, as in a container, have names of their own.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import socket
import struct

_PREFIX = "inspector/"
_LONGEST = 107
"""Bytes of such an address."""


class NameHeldError(Exception):
    """Another process, or this one, holds the name. ``holder`` says in words which."""

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder


class HeldName:
    """Holds a name from when it is made until ``release``."""

    def __init__(self, name: str) -> None:
        """Raises NameHeldError where somebody holds it already, and ValueError where it is too long."""
        self.name = name
        address = f"\0{_PREFIX}{name}".encode()
        if len(address) > _LONGEST + 1:
            raise ValueError(f"{name!r}: is longer than {_LONGEST - len(_PREFIX)} bytes")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.bind(address)
            self._socket.listen(8)  # only whoever listens can be asked who it is
        except OSError as error:
            self._socket.close()
            if error.errno != errno.EADDRINUSE:
                raise
            raise NameHeldError(_holder(address)) from None

    def release(self) -> None:
        """Give it free."""
        self._socket.close()


def process_in_words(pid: int, uid: int | None = None) -> str:
    """``process 4711 (inspector)``: the number, and the user where that is another one."""
    if pid == os.getpid():
        return "this process"
    if pid <= 0:
        return "a process that cannot be seen from here"
    user = ""
    if uid is not None and uid != os.getuid():
        user = str(uid)
        with contextlib.suppress(KeyError):
            user = pwd.getpwuid(uid).pw_name
    return f"process {pid}" + (f" of {user}" if user else "")


def _holder(address: bytes) -> str:
    """Who listens on the address, as the kernel tells it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.setblocking(False)
        try:
            asking.connect(address)
            told = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        except OSError:
            return process_in_words(0)
    pid, uid, _ = struct.unpack("3i", told)
    return process_in_words(pid, uid)
