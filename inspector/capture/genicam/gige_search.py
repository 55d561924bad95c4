"""Asks all networks for GigE Vision cameras, by the discovery command of its control protocol.

Aravis can search as well, but keeps one camera for each serial number: two with the same would look like one.
"""

from __future__ import annotations

import fcntl
import select
import socket
import struct
import time
from typing import NamedTuple

PORT = 3956
WAIT_S, TIMES = 0.4, 2
"""Cameras answer at once, as the standard allows them to wait only where they are told so. They are asked twice, as packets may be lost."""
_COMMAND = struct.pack("!BBHHH", 0x42, 0x11, 0x0002, 0, 1)
"""Discovery: to be acknowledged, also by broadcast; no data; request number 1."""
_ACKNOWLEDGED = 0x0003
_HEADER, _LEAST = 8, 0xF8
_MAC, _ADDRESS, _VENDOR, _MODEL, _SERIAL = 10, 36, 72, 104, 216
_SIOCGIFADDR, _SIOCGIFBRDADDR = 0x8915, 0x8919


class GigeCamera(NamedTuple):
    """What a camera says of itself."""

    serial: str
    address: str
    mac: str
    vendor: str
    model: str
    interface: str
    """The interface that it answered on."""


def search_gige(wait_s: float = WAIT_S) -> list[GigeCamera]:
    """All cameras that answer, each once, in the order of their addresses. Takes ``TIMES`` x ``wait_s``."""
    asking: dict[socket.socket, str] = {}
    found: dict[tuple[str, str], GigeCamera] = {}
    try:
        for _, name in socket.if_nameindex():
            if (one := _listening(name)) is not None:
                asking[one] = name
        for _ in range(TIMES):
            until_s = time.monotonic() + wait_s
            for one, name in list(asking.items()):
                if not _asked(one, name):
                    del asking[one]
                    one.close()
            while asking and (left_s := until_s - time.monotonic()) > 0:
                for one in select.select(list(asking), (), (), left_s)[0]:
                    camera = read_answer(_received(one), asking[one])
                    if camera is not None:
                        found.setdefault((camera.mac, camera.address), camera)
    finally:
        for one in asking:
            one.close()
    return sorted(found.values(), key=lambda camera: socket.inet_aton(camera.address))


def read_answer(data: bytes, interface: str) -> GigeCamera | None:
    """What stands in a camera's answer; None where it is none."""
    if len(data) < _HEADER + _LEAST - 16:
        return None
    status, answer = struct.unpack_from("!HH", data)
    if status != 0 or answer != _ACKNOWLEDGED:
        return None
    body = data[_HEADER:]
    return GigeCamera(
        serial=_text(body, _SERIAL, 16),
        address=socket.inet_ntoa(body[_ADDRESS : _ADDRESS + 4]),
        mac=":".join(f"{byte:02x}" for byte in body[_MAC : _MAC + 6]),
        vendor=_text(body, _VENDOR, 32),
        model=_text(body, _MODEL, 32),
        interface=interface,
    )


def _listening(interface: str) -> socket.socket | None:
    """A socket at the address of an interface; None where it has no IPv4 address."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own = interface_address(listening, interface)
    try:
        if own is not None:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            listening.bind((own, 0))
            listening.setblocking(False)
            return listening
    except OSError:  # it went down
        pass
    listening.close()
    return None


def _asked(asking: socket.socket, interface: str) -> bool:
    """Ask on an interface; False where nothing could be sent."""
    sent = [_sent(asking, "255.255.255.255"), _sent(asking, interface_address(asking, interface, _SIOCGIFBRDADDR))]
    return any(sent)


def interface_address(asking: socket.socket, interface: str, question: int = _SIOCGIFADDR) -> str | None:
    """IPv4 address of an interface; None where it has none."""
    try:
        answer = fcntl.ioctl(asking.fileno(), question, struct.pack("256s", interface.encode()[:15]))
    except OSError:
        return None
    return socket.inet_ntoa(answer[20:24])


def _received(asking: socket.socket) -> bytes:
    try:
        return asking.recv(2048)
    except OSError:  # such as an answer that nobody is there
        return b""


def _sent(asking: socket.socket, to: str | None) -> bool:
    if to is None or to == "0.0.0.0":
        return False
    try:
        asking.sendto(_COMMAND, (to, PORT))
    except OSError:
        return False
    return True


def _text(body: bytes, start: int, length: int) -> str:
    return body[start : start + length].split(b"\0", 1)[0].decode(errors="replace").strip()
