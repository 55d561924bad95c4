"""What an arm finds over a slice, counted while it runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from inspector.bench.peers.arms import Answers, Slice, SliceOrder, Task
from inspector.errors import UserError


class Tally:
    """Counts the answers of one slice and takes its time. Threads may share it.

    The time is that of the whole slice, from here to its last frame: a clock that started when some frames are finished would not count the work
    that was done on those in flight, of which a line with batches has more than a loop.
    """

    def __init__(self, order: SliceOrder, task: Task) -> None:
        self._order = order
        self._gate_threshold = task.gate_threshold
        self._lock = threading.Lock()
        self._finished = self._let_through = self._gate_positive = self._defects = 0
        self._measured = False
        self._pixels = [0] * len(task.classes)
        self._begun = self._ended = time.perf_counter()

    def gated(self, number: int, score: float) -> bool:
        """Count the gate's score of frame ``number``. True: the frame is to be segmented; False: it is finished."""
        let_through = self._order.lets_through(number)
        with self._lock:
            self._gate_positive += score >= self._gate_threshold
            if not let_through:
                self._finish()
        return let_through

    def segmented(self, pixels: Sequence[int], defects: int | None = None) -> None:
        """Count what was found on a frame: pixels per class, and the defects where they are measured. The frame is finished."""
        with self._lock:
            self._let_through += 1
            self._pixels = [sum(both) for both in zip(self._pixels, pixels, strict=True)]
            if defects is not None:
                self._defects += defects
                self._measured = True
            self._finish()

    def slice(self, cpu_s: float) -> Slice:
        """The slice, after its last frame; it took ``cpu_s`` of CPU time, seconds. Raises UserError where frames are missing."""
        frames = self._order.frames
        if self._finished != frames:
            raise UserError(f"only {self._finished} of {frames} frames were inspected")
        return Slice(
            rate_hz=frames / (self._ended - self._begun),
            cpu_ms=cpu_s / frames * 1e3,
            cpu_s=cpu_s,
            answers=Answers(
                frames=frames,
                let_through=self._let_through,
                gate_positive=self._gate_positive,
                pixels=tuple(self._pixels),
                defects=self._defects if self._measured else None,
            ),
        )

    def _finish(self) -> None:
        """Lock held. One frame more is finished."""
        self._finished += 1
        if self._finished == self._order.frames:
            self._ended = time.perf_counter()
