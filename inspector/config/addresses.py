"""Which addresses a socket may have: which of them others can reach, and the line that is missing in the configuration there."""

from __future__ import annotations

import ipaddress
import re

TCP = re.compile(r"tcp://(\[[^\]]+\]|[^:\[\]]+):(\*|\d{1,5})")
"""Host, in brackets where it is IPv6, and port."""
ADD_KEYS = "keys: {secret_key: keys/line.key_secret, clients: keys/clients}"
"""What a configuration without keys needs."""


def check_reach(endpoint: str, key: str, *, keys: bool) -> None:
    """Raise ValueError, one line that begins with the ``key`` of the configuration, where the address is none, or where others could
    connect to it and the line has no ``keys``.

    A host that is a name may stand for any address, so only ``localhost`` and ``lo`` are taken for this machine.
    """
    if endpoint.startswith("ipc://"):
        if endpoint.startswith("ipc://@"):
            raise ValueError(
                f"{key}: {endpoint} is an abstract name, which every user of this machine can connect to; use ipc://PATH in a folder with the right permissions"
            )
        return
    found = TCP.fullmatch(endpoint)
    if not found or (found[2] != "*" and not 0 <= int(found[2]) <= 65535):
        raise ValueError(
            f"{key}: {endpoint!r} is no address; expected tcp://ADDRESS:PORT or ipc://PATH, e.g. tcp://127.0.0.1:5550"
        )
    if not keys and not is_loopback(found[1].strip("[]")):
        raise ValueError(
            f"{key}: {endpoint} can be reached from other machines, and the line has no keys; add `{ADD_KEYS}` (docs/keys.md), "
            "or use tcp://127.0.0.1:PORT or ipc://PATH"
        )


def is_loopback(host: str) -> bool:
    """Whether only programs on this machine can reach ``host``, which is written without brackets."""
    if host in ("localhost", "lo"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
