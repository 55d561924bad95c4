"""What one peer causes again and again is told once a minute, with how often it was since."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import NamedTuple

INTERVAL_S = 60.0
_REMEMBERED = 1000


@dataclass
class _Since:
    """What happened since it was told."""

    told_s: float
    times: int = 0
    amount: int = 0


class Again(NamedTuple):
    """What happened again after it was told, within the minute."""

    what: tuple[object, ...]
    times: int
    amount: int


class OnceAMinute:
    """Decides what is told. May be used from any thread; times are of the monotonic clock, in seconds."""

    def __init__(self, most: int = _REMEMBERED) -> None:
        """Of more than ``most`` different things in a minute the others are not told."""
        self._most = most
        self._lock = threading.Lock()
        self._seen: dict[tuple[object, ...], _Since] = {}

    def untold(self, *what: object, amount: int = 0, now_s: float | None = None) -> int | None:
        """How often ``what`` (a kind and a peer) happened since it was told last, where it is to be told now; None where it is not.
        ``amount`` adds up meanwhile."""
        now_s = time.monotonic() if now_s is None else now_s
        with self._lock:
            since = self._seen.get(what)
            if since is not None and now_s - since.told_s < INTERVAL_S:
                since.times += 1
                since.amount += amount
                return None
            if since is None and len(self._seen) >= self._most:
                self._forget(now_s)
                if len(self._seen) >= self._most:
                    return None
            self._seen[what] = _Since(now_s)
            return 0 if since is None else since.times

    def over(self, now_s: float | None = None) -> list[Again]:
        """What happened again in a minute that is over, and is not told otherwise; it is forgotten then."""
        with self._lock:
            gone = self._forget(time.monotonic() if now_s is None else now_s)
        return [Again(what, since.times, since.amount) for what, since in gone if since.times]

    def _forget(self, now_s: float) -> list[tuple[tuple[object, ...], _Since]]:
        gone = [one for one in self._seen.items() if now_s - one[1].told_s >= INTERVAL_S]
        for what, _ in gone:
            del self._seen[what]
        return gone


def and_more(untold: int) -> str:
    """For the end of a line."""
    return f" ({untold} more since this was told last)" if untold else ""
