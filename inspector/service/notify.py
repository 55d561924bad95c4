"""Tells systemd how the service is: the protocol of sd_notify(3), for a unit of ``Type=notify``.

A message is one datagram to the socket that ``NOTIFY_SOCKET`` names. Without the variable nothing is sent, so a line that somebody starts
in a terminal behaves the same.
"""

from __future__ import annotations

import logging
import os
import socket

from engines.files.text import brief

log = logging.getLogger(__name__)

_VARIABLE = "NOTIFY_SOCKET"
_LONGEST_STATUS = 500
"""Characters; systemd ignores a message of more than 4096 bytes."""


class ServiceManager:
    """The service manager that started this process, if one did. To be used by one thread; sending never waits.

    What could not be sent is sent with the next message, so a READY that meets a full queue arrives a little later. The first failure is
    logged, and none is raised."""

    def __init__(self, address: str) -> None:
        """``address`` is a path, or ``@`` and a name in Linux' abstract namespace; empty where there is no service manager."""
        self._address: str | bytes = b"\0" + os.fsencode(address[1:]) if address.startswith("@") else address
        self._unsent: dict[str, str] = {}
        self._told = False
        if address and not address.startswith(("/", "@")):
            log.warning("%s is %r: expected a path or @NAME; the service manager is told nothing", _VARIABLE, address)
            self._address = ""

    @classmethod
    def of_this_process(cls) -> ServiceManager:
        """The one that the environment names. The variable is removed: it is not meant for processes that this one starts."""
        return cls(os.environ.pop(_VARIABLE, ""))

    def starting(self, longest_s: float, status: str) -> None:
        """The start may take ``longest_s`` seconds from now, whatever the unit's ``TimeoutStartSec``, which this never shortens."""
        self._send(EXTEND_TIMEOUT_USEC=str(round(longest_s * 1e6)), STATUS=status)

    def ready(self, status: str) -> None:
        """The service does its work from now on."""
        self._send(READY="1", STATUS=status)

    def status(self, status: str) -> None:
        """One line for a person, which `systemctl status` shows; what cannot be printed is replaced, and a long end left out."""
        self._send(STATUS=status)

    def stopping(self, status: str) -> None:
        """The service has begun to stop."""
        self._unsent.pop("READY", None)
        self._send(STOPPING="1", STATUS=status)

    def _send(self, **assignments: str) -> None:
        if not self._address:
            return
        assignments["STATUS"] = brief(assignments["STATUS"], _LONGEST_STATUS)
        self._unsent.update(assignments)
        message = "\n".join(f"{name}={value}" for name, value in self._unsent.items())
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
                out.setblocking(False)
                out.sendto(message.encode(errors="replace"), self._address)
        except OSError as error:
            if not self._told:
                self._told = True
                log.warning("the service manager cannot be told how the line is: %s; the line goes on", error)
        else:
            self._unsent.clear()
