"""Keeps a long copy from taking the disk for itself: it rests as long as it worked, and has what it wrote go to the disk bit by bit.

Without the second, the kernel writes a gigabyte at once at the end, and the daemon's next sync waits behind it.
"""

from __future__ import annotations

import os
import time

_LONGEST_REST_S = 0.2
_SYNC_BYTES = 8 << 20


class Pace:
    """To be called after each small step."""

    def __init__(self, descriptor: int | None) -> None:
        """``descriptor``: of the file that is written; None for a pipe, and for memory."""
        self._descriptor = descriptor
        self._unsynced = 0
        self._began_s = time.monotonic()

    def step(self, written: int) -> None:
        """So many bytes were written since the last step."""
        self._unsynced += written
        if self._descriptor is not None and self._unsynced >= _SYNC_BYTES:
            self._unsynced = 0
            os.fdatasync(self._descriptor)
        time.sleep(min(_LONGEST_REST_S, time.monotonic() - self._began_s))
        self._began_s = time.monotonic()
