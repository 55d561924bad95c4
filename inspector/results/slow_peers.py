"""Logs subscribers that are cut off because they read too slowly: each once in a minute, with what was dropped for it."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass

INTERVAL_S = 60.0
_PEERS_REMEMBERED = 100
_MIB = 1 << 20


@dataclass
class _Times:
    """How often a peer was cut off since it was told."""

    since_s: float
    times: int = 0
    lost_bytes: int = 0


class SlowPeers:
    """What was told of each. May be used from any thread; times are of the monotonic clock, in seconds."""

    def __init__(self, log: logging.Logger, socket: str) -> None:
        """``socket`` names it in the log."""
        self._log = log
        self._socket = socket
        self._lock = threading.Lock()
        self._peers: dict[str, _Times] = {}

    def note(self, peer: str, why: str, lost_bytes: int, now_s: float) -> None:
        """``peer`` was cut off, and ``lost_bytes`` that waited for it were dropped."""
        with self._lock:
            self._sum_up(now_s)
            known = self._peers.get(peer)
            if known is not None:
                known.times += 1
                known.lost_bytes += lost_bytes
                return
            if len(self._peers) >= _PEERS_REMEMBERED:
                return
            self._peers[peer] = _Times(now_s)
            self._log.warning(
                "%s: a subscriber (%s) is cut off: %s; %.1f MiB that waited for it are dropped, which it may ask for again",
                self._socket,
                peer,
                why,
                lost_bytes / _MIB,
            )

    def sum_up(self, now_s: float) -> None:
        """Tell how often the same was cut off again, where its minute is over. To be called now and then."""
        with self._lock:
            self._sum_up(now_s)

    def _sum_up(self, now_s: float) -> None:
        for peer, known in [one for one in self._peers.items() if now_s - one[1].since_s >= INTERVAL_S]:
            del self._peers[peer]
            if known.times:
                self._log.warning(
                    "%s: a subscriber (%s) was cut off %d more times in the last minute, and %.1f MiB that waited for it were dropped",
                    self._socket,
                    peer,
                    known.times,
                    known.lost_bytes / _MIB,
                )
