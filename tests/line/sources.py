"""Cameras for tests: real sources whose frames and timing the test decides."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from inspector.capture.pacing import Pacer
from inspector.capture.source import Arrival, SoftwareSource


class ListCamera(SoftwareSource):
    """Delivers given frames: an array, None for a frame the camera loses, or a text for one that arrives unusable."""

    def __init__(
        self, frames: Iterable[NDArray[np.uint8] | str | None], rate_hz: float | None = None, endless: bool = False
    ) -> None:
        self._frames = list(frames)
        self._endless = endless
        self._pacer = Pacer(rate_hz, backlog=1000)
        self._number = -1
        self.closed = False

    def open(self) -> None:
        """Nothing to prepare."""

    def next(self) -> Arrival | None:
        """The next frame that is not lost."""
        while True:
            self._number += 1
            if self._number >= len(self._frames) and not self._endless:
                return None
            if self._pacer.wait(self._number) < 0:
                return None
            frame = self._frames[self._number % len(self._frames)]
            if frame is None:
                continue
            captured = self._pacer.due_ns(self._number)
            if isinstance(frame, str):
                return Arrival(self._number, captured, None, error=frame)
            return Arrival(self._number, captured, frame)

    def exposed(self) -> int | None:
        """By the rate, if there is one."""
        due = self._pacer.exposed()
        return due if due is None or self._endless else min(due, len(self._frames))

    def interrupt(self) -> None:
        """End every wait."""
        self._pacer.stop()

    def close(self) -> None:
        """Remember that the line let go."""
        self.closed = True


class HangingCamera(ListCamera):
    """A read hangs from frame ``at`` on, whatever the line does, until ``wake`` is set; the camera itself goes on exposing."""

    def __init__(self, frames: Iterable[NDArray[np.uint8]], at: int, rate_hz: float | None = None) -> None:
        super().__init__(frames, rate_hz, endless=True)
        self._at = at
        self.wake = threading.Event()

    def next(self) -> Arrival | None:
        """As told."""
        arrival = super().next()
        if arrival is not None and arrival.number == self._at:
            self.wake.wait()
        return arrival


class GatedCamera(ListCamera):
    """Delivers one burst, then the rest only when the test says so."""

    def __init__(self, frames: Iterable[NDArray[np.uint8]], burst: int) -> None:
        super().__init__(frames)
        self._burst = burst
        self.rest = threading.Event()

    def next(self) -> Arrival | None:
        """As told."""
        if self._number + 1 >= self._burst:
            self.rest.wait()
        return super().next()

    def interrupt(self) -> None:
        """End every wait."""
        self.rest.set()
        super().interrupt()
