"""The benchmark's camera: it hands out pre-rendered frames when told to."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inspector.capture.pacing import Pacer
from inspector.capture.source import Arrival, SoftwareSource


class PoolCamera(SoftwareSource):
    """A camera that hands out the frames of a pool when told to, paced or as fast as they are taken."""

    def __init__(self, pool: Sequence[NDArray[np.uint8]]) -> None:
        self._pool = pool
        self._told = threading.Condition()
        self._pacer = Pacer(None)
        self._first = self._next = self._until = 0
        self._ended = False

    @property
    def sent(self) -> int:
        """Frames sent so far, which is the number of the next."""
        return self._until

    def send(self, frames: int, rate_hz: float | None) -> None:
        """Send ``frames`` further ones at ``rate_hz``, None: as fast as they are taken; those before have all been taken."""
        with self._told:
            # Nothing is overwritten: a line that falls behind shows in the latency, which counts from the due time.
            self._pacer = Pacer(rate_hz, backlog=frames)
            self._first, self._until = self._next, self._next + frames
            self._told.notify()

    def end(self) -> None:
        """No further frames come."""
        with self._told:
            self._ended = True
            self._told.notify()
        self._pacer.stop()

    def open(self) -> None:
        """The pool is there already."""

    def next(self) -> Arrival | None:
        """The next frame, when it was sent for and is due; None after ``end``."""
        with self._told:
            while self._next >= self._until and not self._ended:
                self._told.wait()
            pacer, n, number = self._pacer, self._next - self._first, self._next
        if self._ended or pacer.wait(n) < 0:
            return None
        self._next = number + 1
        return Arrival(number, pacer.due_ns(n), self._pool[number % len(self._pool)])

    def exposed(self) -> int | None:
        """Nothing is ever owed: the bench itself says when frames come."""
        return self._next

    def interrupt(self) -> None:
        """End every wait."""
        self.end()

    def close(self) -> None:
        """Nothing is held."""
