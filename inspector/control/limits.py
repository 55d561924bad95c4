"""What clients of the control socket may take of the daemon. Every limit is far beyond what a program for people needs."""

from __future__ import annotations

from inspector.results.peer_limits import PeerLimits

MOST_CONNECTIONS = 1024
PEERS = PeerLimits(connections=MOST_CONNECTIONS, burst_bytes=256 << 10, bytes_per_s=float(32 << 10))
"""A request has up to 16 KiB, most have some 200 bytes."""
REPLIES_WAITING = 256
"""Replies that wait for one client; further ones are dropped."""
REQUESTS_AT_ONCE = 100
REQUESTS_PER_S = 20.0
"""Of one connection, lastingly."""
TOO_MANY_AT_ONCE = 400
"""Requests beyond these at which the connection is closed."""
LOOKS_WAITING = 1024
QUICK_WAITING = 64
SLOW_WAITING = 4
REMEMBERED = 1000
"""Ids of commands, over a restart too."""
REFUSALS_A_MINUTE = 60
"""Refused commands that are journaled, of all clients; a flood must not fill the disk."""
LOOK_JOURNALED_EVERY_S = 600.0
"""Of the same command of the same client that only looks, one is journaled so often."""
RECORD_S = 1.0
"""Longest wait for the journal's disk before a command is answered."""
