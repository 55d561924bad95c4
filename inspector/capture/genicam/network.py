"""What the network of this machine takes."""

from __future__ import annotations

import fcntl
import socket
import struct
from pathlib import Path

from inspector.capture.genicam.gige_search import interface_address

_SIOCGIFMTU = 0x8921
RMEM_MAX = Path("/proc/sys/net/core/rmem_max")


def interface_towards(address: str) -> str:
    """Name of the interface by which ``address`` is reached; empty where that cannot be told."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, 9))
            own = probe.getsockname()[0]
        except OSError:
            return ""
        if own.startswith("127."):
            return "lo"
        for _, name in socket.if_nameindex():
            if interface_address(probe, name) == own:
                return name
    return ""


def mtu(interface: str) -> int | None:
    """Bytes of the largest packet that the interface takes; None where that cannot be told."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            answer = fcntl.ioctl(probe.fileno(), _SIOCGIFMTU, struct.pack("256s", interface.encode()[:15]))
        except OSError:
            return None
    return int(struct.unpack_from("i", answer, 16)[0])


def largest_socket_buffer() -> int | None:
    """``net.core.rmem_max`` in bytes; None where that cannot be told."""
    try:
        return int(RMEM_MAX.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
