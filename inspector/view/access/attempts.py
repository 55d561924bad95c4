"""How often somebody may try a password. A failure makes the next try wait, and nobody but whoever fails.

Three things are counted, each for a while only:

- failures with a name from an address: five are free, then pauses grow from 1 s to a minute;
- failures from an address, whatever the names: twenty are free, then the same. A name that has logged in from there is not held up by it, so that people who share
  a machine do not keep each other out;
- failures with a name from all addresses: twenty are free, then there are 5 s between tries from addresses that have failed with it twice. Whoever comes from another
  address and types the password right is never held up by those who guess.

A try counts as a failure when it begins, so that many at once count as many. One that has to wait costs nothing and counts for nothing.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from typing import Generic, TypeVar

from inspector.view.access.hosts import unmapped

K = TypeVar("K")

FREE = 5
FREE_OF_ADDRESS = 20
FREE_OF_NAME = 20
LONGEST_S = 60.0
LONGEST_OF_NAME_S = 5.0
FREE_FOR_ALL = 2
"""Tries with a name from an address that failures from elsewhere do not hold up."""
FORGOTTEN_S = 900.0
_MOST = 10_000
_MOST_KNOWN = 2000


class Failures(Generic[K]):
    """Failures of each of many, and how long each has to wait."""

    def __init__(self, free: int, longest_s: float) -> None:
        self._free, self._longest_s = free, longest_s
        self._found: OrderedDict[K, tuple[int, float]] = OrderedDict()
        """Number and time of the last one; whose last is longest ago comes first."""

    def count(self, key: K, now_s: float) -> int:
        """Failures that are not forgotten."""
        number, last_s = self._found.get(key, (0, now_s))
        return number if now_s - last_s < FORGOTTEN_S else 0

    def wait_s(self, key: K, now_s: float) -> float:
        """Until the next try; 0 or less: it may come."""
        number = self.count(key, now_s)
        if number < self._free:
            return 0.0
        return self._found[key][1] + min(self._longest_s, 2.0 ** min(30, number - self._free)) - now_s

    def add(self, key: K, now_s: float) -> None:
        """One more."""
        self._found[key] = self.count(key, now_s) + 1, now_s
        self._found.move_to_end(key)
        if len(self._found) > _MOST:
            self._found.popitem(last=False)

    def take_back(self, key: K) -> None:
        """One that was none."""
        number, last_s = self._found.get(key, (0, 0.0))
        if number > 1:
            self._found[key] = number - 1, last_s
        else:
            self._found.pop(key, None)

    def clear(self, key: K) -> None:
        """None any more."""
        self._found.pop(key, None)


class Attempts:
    """All of them."""

    def __init__(self) -> None:
        self._pairs: Failures[tuple[str, str]] = Failures(FREE, LONGEST_S)
        self._addresses: Failures[str] = Failures(FREE_OF_ADDRESS, LONGEST_S)
        self._names: Failures[str] = Failures(FREE_OF_NAME, LONGEST_OF_NAME_S)
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()
        """Names and addresses from which they have logged in."""

    def begin(self, name: str, address: str, now_s: float) -> float:
        """Somebody tries: 0, and it counts, or for how many seconds it has to wait, and it does not."""
        pair = name, address
        wait_s = self._pairs.wait_s(pair, now_s)
        if not self.knows(name, address):
            wait_s = max(wait_s, self._addresses.wait_s(address, now_s))
        if self._pairs.count(pair, now_s) >= FREE_FOR_ALL:
            wait_s = max(wait_s, self._names.wait_s(name, now_s))
        if wait_s > 0:
            return wait_s
        self._pairs.add(pair, now_s)
        self._addresses.add(address, now_s)
        self._names.add(name, now_s)
        return 0.0

    def knows(self, name: str, address: str) -> bool:
        """Whether this name has logged in from there."""
        return (name, address) in self._known

    def succeeded(self, name: str, address: str) -> None:
        """The password of a try that had begun was right."""
        pair = name, address
        self._pairs.clear(pair)
        self._addresses.take_back(address)
        self._names.take_back(name)
        self._known[pair] = None
        self._known.move_to_end(pair)
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)

    def dropped(self, name: str, address: str) -> None:
        """A try that had begun was not looked at."""
        self._pairs.take_back((name, address))
        self._addresses.take_back(address)
        self._names.take_back(name)


def place_of(host: str) -> str:
    """What counts as one address: an IPv4 address, or the network of an IPv6 address, of which one machine may have all (/64)."""
    try:
        ip = ipaddress.ip_address(unmapped(host).partition("%")[0])
    except ValueError:
        return host
    if isinstance(ip, ipaddress.IPv6Address) and not ip.is_loopback:
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)
