"""Finds cameras, and chooses the one that is meant."""

from __future__ import annotations

import ipaddress
import socket
import threading
from dataclasses import dataclass

from inspector.capture.genicam.gige_search import search_gige
from inspector.capture.genicam.library import Library
from inspector.config.genicam import GenicamConfig
from inspector.errors import UserError

_searching = threading.Lock()
"""Aravis keeps one list of cameras for the process."""
GIGE = "GigE Vision"
ANY = "of kind genicam"


@dataclass(frozen=True, slots=True)
class Found:
    """A camera that answered."""

    name: str
    """What it is opened by: its address, or Aravis' id."""
    serial: str
    address: str
    """IP address; empty for USB3 Vision."""
    mac: str
    """MAC address; of USB3 Vision the GUID."""
    vendor: str
    model: str
    protocol: str
    interface: str

    def in_words(self) -> str:
        """For messages."""
        return f"{self.vendor} {self.model} serial {self.serial} at {self.address or self.mac} on {self.interface}"


def search(library: Library) -> list[Found]:
    """All cameras that answer within two seconds: GigE Vision by address, then USB3 Vision."""
    return _gige() + _usb(library)


def choose(library: Library, config: GenicamConfig) -> str:
    """What to open: the name of the camera that ``config`` means. Raises UserError where it is not exactly one."""
    if config.address is not None:
        return _checked_address(config.address)
    meant = _in_words(config)
    found = _gige()
    fitting = [one for one in found if _fits(one, config)]
    if not fitting or meant == ANY:
        found += _usb(library)
        fitting = [one for one in found if _fits(one, config)]
    if len(fitting) == 1:
        return fitting[0].name
    if fitting:
        several = "; ".join(one.in_words() for one in fitting)
        raise UserError(f"there are {len(fitting)} cameras {meant}: {several}; choose one by `address`")
    answered = f"found {'; '.join(one.in_words() for one in found)}" if found else "none answered"
    asked = ", ".join(name for _, name in socket.if_nameindex())
    raise UserError(
        f"there is no camera {meant}: {answered}; asked on {asked} and USB; look at its power and cable, and that its address belongs to the "
        "network of the interface"
    )


def _in_words(config: GenicamConfig) -> str:
    if config.serial is not None:
        return f"with the serial {config.serial}"
    return ANY if config.mac is None else f"with the MAC address {config.mac}"


def _fits(one: Found, config: GenicamConfig) -> bool:
    if config.serial is not None:
        return one.serial == config.serial
    return config.mac is None or one.mac.lower() == config.mac.lower()


def _gige() -> list[Found]:
    return [
        Found(one.address, one.serial, one.address, one.mac, one.vendor, one.model, GIGE, one.interface)
        for one in search_gige()
    ]


def _usb(library: Library) -> list[Found]:
    with _searching:
        library.arv_update_device_list()
        found = [_found(library, index) for index in range(library.arv_get_n_devices())]
    return [one for one in found if one.protocol == "USB3Vision"]


def _found(library: Library, index: int) -> Found:
    def text(what: str) -> str:
        value: bytes | None = getattr(library, f"arv_get_device_{what}")(index)
        return (value or b"").decode(errors="replace")

    return Found(
        text("id"), text("serial_nbr"), "", text("physical_id"), text("vendor"), text("model"), text("protocol"), "USB"
    )


def _checked_address(address: str) -> str:
    try:
        return str(ipaddress.IPv4Address(address))
    except ValueError:
        raise UserError(f"address: {address!r} is no IPv4 address; expected one such as 192.168.1.10") from None
