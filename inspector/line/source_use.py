"""Who uses a camera's source, and who releases it.

Opening and reading may hang, and a source must not be released while another thread is inside it. So whoever stops a camera in such a moment
leaves the source behind: the thread that hangs releases it when it returns, if ever.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from inspector.capture.source import FrameSource


class SourceUse:
    """The right to call one source. May be used from any thread."""

    def __init__(self, source: FrameSource) -> None:
        self._source = source
        self._held = threading.Lock()
        self._left_behind = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Use the source, alone. It is released afterwards where ``release`` could not wait for it."""
        try:
            with self._held:
                yield
        finally:
            if self._left_behind:
                self.release(0.0)

    def release(self, timeout_s: float) -> bool:
        """Release the source; False where it is still used after ``timeout_s``: then it is released as soon as that ends."""
        if self._release(timeout_s):
            return True
        self._left_behind = True
        return self._release(0.0)  # its use may have ended between the two lines

    def _release(self, timeout_s: float) -> bool:
        if not self._held.acquire(timeout=timeout_s):
            return False
        try:
            self._source.close()
        finally:
            self._held.release()
        return True
