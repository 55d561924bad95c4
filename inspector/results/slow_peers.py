"""Logs subscribers that are cut off because they read too slowly: each once in a minute, with what was dropped for it."""

from __future__ import annotations

import logging

from inspector.results.once_a_minute import OnceAMinute

_PEERS_REMEMBERED = 100
_MIB = 1 << 20


class SlowPeers:
    """What was told of each. May be used from any thread; times are of the monotonic clock, in seconds."""

    def __init__(self, log: logging.Logger, socket: str) -> None:
        """``socket`` names it in the log."""
        self._log = log
        self._socket = socket
        self._told = OnceAMinute(_PEERS_REMEMBERED)

    def note(self, peer: str, why: str, lost_bytes: int, now_s: float) -> None:
        """``peer`` was cut off, and ``lost_bytes`` that waited for it were dropped."""
        self.sum_up(now_s)
        if self._told.untold(peer, amount=lost_bytes, now_s=now_s) is not None:
            self._log.warning(
                "%s: a subscriber (%s) is cut off: %s; %.1f MiB that waited for it are dropped, which it may ask for again",
                self._socket,
                peer,
                why,
                lost_bytes / _MIB,
            )

    def sum_up(self, now_s: float) -> None:
        """Tell how often the same was cut off again, where its minute is over. To be called now and then."""
        for (peer,), times, lost_bytes in self._told.over(now_s):
            self._log.warning(
                "%s: a subscriber (%s) was cut off %d more times in the last minute, and %.1f MiB that waited for it were dropped",
                self._socket,
                peer,
                times,
                lost_bytes / _MIB,
            )
