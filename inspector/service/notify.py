"""Tells systemd how the service is: the protocol of sd_notify(3), for a unit of ``Type=notify``.

A message is one datagram to the socket that ``NOTIFY_SOCKET`` names. Without the variable nothing is sent, so a line that somebody starts
in a terminal behaves the same.
"""

from __future__ import annotations

import logging
import os
import socket
import time

from engines.files.text import brief

log = logging.getLogger(__name__)

_VARIABLE = "NOTIFY_SOCKET"
_WATCHDOG = ("WATCHDOG_USEC", "WATCHDOG_PID")
_LONGEST_STATUS = 500
"""Characters; systemd ignores a message of more than 4096 bytes."""


class ServiceManager:
    """The service manager that started this process, if one did. To be used by one thread; sending never waits.

    What could not be sent is sent with the next message, so a READY that meets a full queue arrives a little later. The first failure is
    logged, and none is raised."""

    def __init__(self, address: str, watchdog_s: float | None = None) -> None:
        """``address`` is a path, or ``@`` and a name in Linux' abstract namespace; empty where there is no service manager. ``watchdog_s`` is
        the unit's ``WatchdogSec``; None: it has none."""
        self.watchdog_s = watchdog_s
        """The service manager ends a service that does not say for so long, seconds, that it is alive; None: it does not."""
        self._address: str | bytes = b"\0" + os.fsencode(address[1:]) if address.startswith("@") else address
        self._unsent: dict[str, str] = {}
        self._told = False
        if address and not address.startswith(("/", "@")):
            log.warning("%s is %r: expected a path or @NAME; the service manager is told nothing", _VARIABLE, address)
            self._address = ""

    @classmethod
    def of_this_process(cls) -> ServiceManager:
        """The one that the environment names. The variables are removed: they are not meant for processes that this one starts."""
        address = os.environ.pop(_VARIABLE, "")
        usec, pid = (os.environ.pop(name, "") for name in _WATCHDOG)
        meant = usec.isascii() and usec.isdigit() and int(usec) > 0 and pid in ("", str(os.getpid()))
        return cls(address, int(usec) / 1e6 if meant and address else None)

    @property
    def there(self) -> bool:
        """Whether there is a service manager."""
        return bool(self._address)

    def starting(self, longest_s: float, status: str) -> None:
        """The start may take ``longest_s`` seconds from now, whatever the unit's ``TimeoutStartSec``, which this never shortens."""
        self._send(EXTEND_TIMEOUT_USEC=str(round(longest_s * 1e6)), STATUS=status)

    def ready(self, status: str, *, watchdog_s: float | None = None) -> None:
        """The service does its work from now on. ``watchdog_s`` replaces the unit's, which must be there, where the service needs longer."""
        if watchdog_s is not None:
            self._unsent["WATCHDOG_USEC"] = str(round(watchdog_s * 1e6))
        self._send(READY="1", STATUS=status)

    def status(self, status: str, *, alive: bool = False) -> None:
        """One line for a person, which `systemctl status` shows; what cannot be printed is replaced, and a long end left out. ``alive``
        satisfies the watchdog once more; where the message cannot be sent this is not made up for."""
        self._send(STATUS=status, **({"WATCHDOG": "1"} if alive else {}))
        self._unsent.pop("WATCHDOG", None)

    def reloading(self, status: str) -> None:
        """The service has begun to read its configuration again, and goes on with its work; ``reloaded`` is to follow."""
        self._unsent.pop("READY", None)
        self._send(RELOADING="1", MONOTONIC_USEC=str(time.monotonic_ns() // 1000), STATUS=status)

    def reloaded(self, status: str) -> None:
        """What ``reloading`` announced is over, whether or not anything changed."""
        for name in ("RELOADING", "MONOTONIC_USEC"):
            self._unsent.pop(name, None)
        self._send(READY="1", STATUS=status)

    def stopping(self, status: str) -> None:
        """The service has begun to stop."""
        for name in ("READY", "RELOADING", "MONOTONIC_USEC"):
            self._unsent.pop(name, None)
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
