"""All acquisitions of a line: opened in parallel, watched, interrupted, stopped."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from inspector.line.acquisition import Acquisition

log = logging.getLogger(__name__)


class Cameras:
    """The acquisitions of a line, one per camera."""

    def __init__(self, acquisitions: Sequence[Acquisition]) -> None:
        self._acquisitions = tuple(acquisitions)

    def open(self, stop: threading.Event) -> bool:
        """Open all in parallel; False where ``stop`` was set meanwhile. Raises the UserError of the first that failed."""
        with ThreadPoolExecutor(len(self._acquisitions), thread_name_prefix="open") as openers:
            opened = [openers.submit(acquisition.open) for acquisition in self._acquisitions]
            while not all(future.done() for future in opened):
                if stop.wait(0.02):
                    self.interrupt()
                    return False
            for future in opened:
                future.result()
        return not stop.is_set()

    def start(self) -> None:
        """Start the thread of every camera."""
        for acquisition in self._acquisitions:
            acquisition.start()

    @property
    def running(self) -> bool:
        """Whether any camera may deliver a further frame."""
        return any(acquisition.running for acquisition in self._acquisitions)

    def interrupt(self) -> None:
        """Take no further frame."""
        self._each("interrupted", lambda acquisition: acquisition.interrupt())

    def stop(self, timeout_s: float) -> None:
        """Wait for the cameras' threads to end, at most ``timeout_s`` for all together, and release the cameras."""
        until_s = time.monotonic() + timeout_s
        self._each("stopped", lambda acquisition: acquisition.stop(until_s - time.monotonic()))

    def _each(self, what: str, action: Callable[[Acquisition], None]) -> None:
        """An error with one camera is logged, and the next one follows."""
        for acquisition in self._acquisitions:
            try:
                action(acquisition)
            except Exception:
                log.exception("camera %s could not be %s", acquisition.camera.name, what)
