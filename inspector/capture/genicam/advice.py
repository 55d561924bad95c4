"""What of a camera's network could be set better."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from inspector.capture.genicam.network import interface_towards, largest_socket_buffer, mtu

JUMBO = 9000
ENOUGH_FRAMES = 4
"""The socket's memory should hold so many."""


def tuning(address: str, packet_size: int, payload: int, no_packet_socket: bool) -> Iterator[str]:
    """What could be set better for a GigE Vision camera, a line each: what was found, and the command or key that changes it.

    ``payload``: bytes of a frame. ``no_packet_socket``: whether one is configured that this process may not use.
    """
    interface = interface_towards(address)
    limit = mtu(interface) if interface else None
    if limit is not None and limit < JUMBO:
        yield (
            f"the MTU of {interface} is {limit}: `ip link set {interface} mtu {JUMBO}` where camera and switch have jumbo frames, then "
            f"packet_size: {JUMBO}"
        )
    elif limit is not None and packet_size < JUMBO:
        yield f"packets have {packet_size} bytes, and {interface} takes {limit}: packet_size: {JUMBO} means fewer interrupts"
    allowed, wanted = largest_socket_buffer(), max(1 << 20, ENOUGH_FRAMES * payload)
    if allowed is not None and allowed < wanted:
        yield f"net.core.rmem_max is {allowed}, and {ENOUGH_FRAMES} frames take {wanted}: `sysctl -w net.core.rmem_max={wanted}`"
    if no_packet_socket:
        yield "packet_socket is true, and this process may not use one: give it CAP_NET_RAW"
    if interface and Path("/sys/class/net", interface, "device").exists():
        yield f"interrupts: `ethtool -c {interface}` shows how long {interface} collects packets; 125 us is usual (`ethtool -C {interface} rx-usecs 125`)"


def may_use_packet_sockets() -> bool:
    """Whether this process has CAP_NET_RAW."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return False
    effective = next((line.split()[1] for line in lines if line.startswith("CapEff:")), "0")
    return bool(int(effective, 16) >> 13 & 1)
