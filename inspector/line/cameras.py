"""All acquisitions of a line: opened in parallel, watched, interrupted, stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from inspector.line.acquisition import Acquisition


class Cameras:
    """The acquisitions of a line, one per camera."""

    def __init__(self, acquisitions: Sequence[Acquisition]) -> None:
        self._acquisitions = tuple(acquisitions)
        self._reported: set[str] = set()

    def __iter__(self) -> Iterator[Acquisition]:
        return iter(self._acquisitions)

    def open(self, stop: threading.Event) -> bool:
        """Open all in parallel; False where ``stop`` was set meanwhile. Raises the UserError of the first that failed."""
        with ThreadPoolExecutor(len(self._acquisitions), thread_name_prefix="open") as openers:
            opened = [openers.submit(acquisition.open) for acquisition in self._acquisitions]
            while not all(future.done() for future in opened):
                if stop.wait(0.02):
                    for acquisition in self._acquisitions:
                        acquisition.interrupt()
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

    def new_failures(self) -> list[tuple[str, str]]:
        """Cameras that stopped early since the last call: name and reason of each."""
        failed = [
            (acquisition.camera.name, acquisition.failure)
            for acquisition in self._acquisitions
            if acquisition.failure and acquisition.camera.name not in self._reported
        ]
        self._reported.update(name for name, _ in failed)
        return failed

    def interrupt(self) -> None:
        """Take no further frame."""
        for acquisition in self._acquisitions:
            acquisition.interrupt()

    def stop(self, timeout_s: float) -> None:
        """Wait for the cameras' threads to end, at most ``timeout_s`` for all together, and release the cameras."""
        until_s = time.monotonic() + timeout_s
        for acquisition in self._acquisitions:
            acquisition.stop(until_s - time.monotonic())
