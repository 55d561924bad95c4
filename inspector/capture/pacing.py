"""Paces software cameras by absolute times, and loses frames as a real camera does."""

from __future__ import annotations

import threading

from inspector.frames.clock import now_ns


class Pacer:
    """Waits until a frame is due.

    Frame n is due at ``start + n / rate_hz``: a late frame does not delay later ones. Where the consumer is more than
    ``backlog`` frames behind (the camera's own buffers), the oldest are overwritten and ``wait`` returns a later number.
    """

    def __init__(self, rate_hz: float | None, backlog: int = 8) -> None:
        """With ``rate_hz`` None there is no pacing and no loss."""
        self._interval_ns = None if rate_hz is None else 1e9 / rate_hz
        self._backlog = backlog
        self._start_ns: int | None = None
        self._stopped = threading.Event()

    def wait(self, number: int) -> int:
        """Block until frame ``number`` is due; return the number to deliver now (later than asked where frames
        were overwritten), or -1 after ``stop``."""
        if self._stopped.is_set():
            return -1
        if self._interval_ns is None:
            return number
        if self._start_ns is None:
            self._start_ns = now_ns() - round(number * self._interval_ns)
        ahead_s = (self._start_ns + number * self._interval_ns - now_ns()) / 1e9
        if ahead_s > 0:
            return -1 if self._stopped.wait(ahead_s) else number
        newest = int((now_ns() - self._start_ns) / self._interval_ns)
        return max(number, newest - self._backlog)

    def due_ns(self, number: int) -> int:
        """When a paced frame was exposed, monotonic ns: its due time; now where there is no rate."""
        if self._interval_ns is None or self._start_ns is None:
            return now_ns()
        return min(now_ns(), self._start_ns + round(number * self._interval_ns))

    def exposed(self) -> int | None:
        """How many frames have been due by now, counted from frame 0; None where there is no rate. From any thread."""
        if self._interval_ns is None:
            return None
        start_ns = self._start_ns
        return 0 if start_ns is None else max(0, int((now_ns() - start_ns) / self._interval_ns) + 1)

    def stop(self) -> None:
        """End every present and later wait. May be called from any thread."""
        self._stopped.set()
