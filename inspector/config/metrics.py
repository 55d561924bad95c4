"""Section ``metrics``: where Prometheus reads the figures of the line."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, NamedTuple

from msgspec import Meta

from inspector.config.section import Section

_ENDPOINT = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]/]+):(\d{1,5})")
_METRICS = "metrics are not encrypted; use 127.0.0.1:PORT, and have a Prometheus agent on this machine read it"


class Address(NamedTuple):
    """A TCP address on this machine."""

    host: str
    """IPv4 or IPv6, without brackets."""
    port: int
    """0: a free one."""


class MetricsConfig(Section, frozen=True, kw_only=True):
    """Metrics for Prometheus, over HTTP. ``docs/metrics.md`` describes each of them."""

    endpoint: Annotated[
        str | None,
        Meta(
            description="Address to serve them at, e.g. `127.0.0.1:9464` or `[::1]:9464`; port 0: a free one, which the log names. "
            "Only addresses of this machine itself (loopback), because nothing is encrypted. Null: they are not served.",
        ),
    ] = None

    def __post_init__(self) -> None:
        """Raise ValueError for an endpoint that is no loopback address with a port."""
        if self.endpoint is not None:
            loopback_address(self.endpoint)


def tcp_address(endpoint: str) -> Address:
    """The address that ``ADDRESS:PORT`` names. Raises ValueError where it is none."""
    found = _ENDPOINT.fullmatch(endpoint)
    host = found[1].strip("[]") if found else ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        raise ValueError(
            f"endpoint {endpoint!r} is no address; expected ADDRESS:PORT, e.g. 127.0.0.1:9464 or [::1]:9464"
        ) from None
    assert found is not None
    if int(found[2]) > 65535:
        raise ValueError(f"endpoint {endpoint!r} has no valid port; expected 0 to 65535, e.g. {host}:9464")
    return Address(host, int(found[2]))


def loopback_address(endpoint: str, otherwise: str = _METRICS) -> Address:
    """As `tcp_address`; ``otherwise``: why it has to be a loopback address, and what to do instead.

    Raises ValueError where it is none, or not a loopback address."""
    address = tcp_address(endpoint)
    if not ipaddress.ip_address(address.host).is_loopback:
        raise ValueError(f"endpoint {endpoint} can be reached from other machines, and {otherwise}")
    return address
