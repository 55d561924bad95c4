"""What peers may take of the daemon. Every limit is far beyond what a subscriber needs."""

from __future__ import annotations

import os
import resource
from enum import Enum

import msgspec

RESERVED_DESCRIPTORS = 128
"""File descriptors that connections never get: cameras, inference and the journal come first."""
LARGEST_PART = 1024
"""Longest part of a message that is accepted from a peer, bytes. Subscriptions are shorter; the handshake of CURVE is not."""
RECEIVE_BUFFER = 16 << 10
"""Bytes of one connection that the operating system keeps: what a peer may still have delivered once it is cut off."""
RECEIVE_MESSAGES = 0
"""Messages of one connection that libzmq keeps: no limit. At a limit libzmq (4.3.5) stops reading, and where it reads on after the peer
has closed, a PING that waits ends the process (an assertion, !_io_error). The bytes that a peer sends are bounded instead."""


class Cause(Enum):
    """Why connections are cut off."""

    SLOW = "slow"
    """It read too slowly."""
    FLOOD = "flood"
    """It sent more than subscriptions need."""
    SUBSCRIPTIONS = "subscriptions"
    """It had too many, or one that is too long."""
    CONNECTIONS = "connections"
    """There were too many."""
    KEY = "key"
    """Its key was revoked, or its role is too low now."""
    MEMORY = "memory"
    """All of them, because the daemon's memory had grown."""


class PeerLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits, and how much one connection and all of them may have."""

    connections: int = 256
    """At once."""
    topic_bytes: int = 200
    """Of one subscription. The longest topic has 142."""
    subscriptions: int = 128
    """Of one connection."""
    all_subscriptions: int = 4096
    """Of all connections. libzmq takes some 50 bytes of memory for each byte of a topic."""
    burst_bytes: int = 16 << 10
    """Bytes that a connection may send at once, handshake included."""
    bytes_per_s: float = 512.0
    """Bytes that a connection may send lastingly; ten ZMTP heartbeats a second, encrypted, are about 420."""
    growth_bytes: int = 512 << 20
    """Memory by which the process may grow before it is asked whether peers are the cause."""


def connections_possible(wanted: int) -> int:
    """How many of ``wanted`` connections the limit of open files leaves room for; at least one."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return wanted
    in_use = len(os.listdir("/proc/self/fd"))
    return max(1, min(wanted, limit - in_use - RESERVED_DESCRIPTORS))
