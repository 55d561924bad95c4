"""All acquisitions of a line together: opened side by side, watched, interrupted, ended."""

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
        """Open all side by side; False where ``stop`` was set meanwhile. Raises UserError of the first that failed."""
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
        """Begin to take frames."""
        for acquisition in self._acquisitions:
            acquisition.start()

    @property
    def running(self) -> bool:
        """Whether any camera may deliver a further frame."""
        return any(acquisition.running for acquisition in self._acquisitions)

    def new_failures(self) -> list[tuple[str, str]]:
        """Cameras that ended before their time since the last call, each with the reason."""
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
        """Wait for the cameras' threads to end, all of them together at most so long, and let go of the cameras."""
        until_s = time.monotonic() + timeout_s
        for acquisition in self._acquisitions:
            acquisition.stop(until_s - time.monotonic())
