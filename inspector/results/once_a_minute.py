"""What one peer causes again and again is told once a minute, with how often it was since."""

from __future__ import annotations

import threading
import time

INTERVAL_S = 60.0
_REMEMBERED = 1000


class OnceAMinute:
    """Decides what is told. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[tuple[object, ...], tuple[float, int]] = {}
        """When each was told last, monotonic s, and how often it happened since."""

    def untold(self, *what: object) -> int | None:
        """How often ``what`` (a kind and a peer) happened since it was told last, where it is to be told now; None where it is not."""
        now_s = time.monotonic()
        with self._lock:
            told_s, untold = self._seen.get(what, (-INTERVAL_S, 0))
            if now_s - told_s < INTERVAL_S:
                self._seen[what] = told_s, untold + 1
                return None
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            self._seen[what] = now_s, 0
            return untold


def and_more(untold: int) -> str:
    """For the end of a line."""
    return f" ({untold} more since this was told last)" if untold else ""
