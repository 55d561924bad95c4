"""What the viewer may be called in an address. Another name that leads here (DNS rebinding) would let a page from elsewhere read what it should not."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

from inspector.config.metrics import Address

LOOPBACK = ("127.0.0.1", "[::1]", "localhost")


class Hosts:
    """The names, with the port."""

    def __init__(self, port: int, names: tuple[str, ...] = LOOPBACK, *, secure: bool = False) -> None:
        """``secure``: whether the pages are served over TLS."""
        self.scheme = "https" if secure else "http"
        self.secure = secure
        self.port = port
        self._usual = port == (443 if secure else 80)
        self._names = {name.lower() for name in names}
        self.first = self._with_port(names[0])
        """The one to be told to people."""
        self.told = ", ".join(sorted(self._with_port(name) for name in self._names))

    def knows(self, host: str, scope: Any) -> bool:
        """Whether the header Host of a request names this viewer: by one of the names, or by the address at which the request came in."""
        host = host.lower()
        name = host.removesuffix(f":{self.port}")
        if name == host and not self._usual:
            return False
        return name in self._names or name == _bracketed(unmapped((scope.get("server") or ("",))[0]))

    def _with_port(self, name: str) -> str:
        return name if self._usual else f"{name}:{self.port}"


def names_of(address: Address, configured: tuple[str, ...], certified: tuple[str, ...]) -> tuple[str, ...]:
    """How the machine may be called: as configured, else as it calls itself and as its certificate does; and by its loopback names, where they lead here."""
    ip = ipaddress.ip_address(address.host)
    own = () if ip.is_unspecified else (_bracketed(address.host),)
    if ip.is_loopback:
        return tuple(dict.fromkeys((*own, *configured, *LOOPBACK)))
    named = configured or (*(name for name in certified if "*" not in name), socket.gethostname())
    return tuple(dict.fromkeys((*named, *own, *(LOOPBACK if ip.is_unspecified else ()))))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def unmapped(host: str) -> str:
    """An IPv4 address as such, where a socket for both kinds tells it as one of IPv6."""
    return host.removeprefix("::ffff:") if "." in host else host
