"""Figures of inference for metrics: how long frames wait for each engine, how long the engines take, and how large their batches are.

The child counts and sends a few whole numbers, at most every ``EVERY_NS``, so that the parent has no work with them for a frame or a batch.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence

from inspector.frames.latency import LatencyHistogram, LatencyTally
from inspector.frames.leased_frame import LeasedFrame
from inspector.inference.cascade import Batch, Stage
from inspector.inference.messages import ChildFigures, StageFigures

EVERY_NS = 100_000_000


class ChildTally:
    """Counts in the child. For its main thread."""

    def __init__(self) -> None:
        self._waits = {stage: LatencyTally() for stage in Stage}
        self._times = {stage: LatencyTally() for stage in Stage}
        self._batches: dict[Stage, dict[int, int]] = {stage: {} for stage in Stage}
        self._due_ns = 0
        self._any = False

    def took(self, batch: Batch, enqueued_ns: int, done_ns: int) -> None:
        """A batch was computed; times in monotonic ns."""
        stage, frames = batch.stage, len(batch.items)
        self._waits[stage].add((enqueued_ns - batch.items[0].since_ns) // 1000)
        self._times[stage].add((done_ns - enqueued_ns) // 1000)
        sizes = self._batches[stage]
        sizes[frames] = sizes.get(frames, 0) + 1
        self._any = True

    @property
    def due_ns(self) -> int | None:
        """When the next figures are to be sent, monotonic ns; None where there are none."""
        return self._due_ns if self._any else None

    def take(self, now_ns: int) -> ChildFigures:
        """The figures since the last call."""
        self._any = False
        self._due_ns = now_ns + EVERY_NS
        return ChildFigures(self._of(Stage.GATE), self._of(Stage.SEGMENTER))

    def _of(self, stage: Stage) -> StageFigures:
        sizes, self._batches[stage] = self._batches[stage], {}
        return StageFigures(
            self._waits[stage].take(), self._times[stage].take(), [number for pair in sizes.items() for number in pair]
        )


class StageTotals:
    """Figures of one engine, of all children since the line was started."""

    def __init__(self) -> None:
        self.wait = LatencyHistogram()
        """How long the frame of a batch that came first waited in the child, one for each batch."""
        self.time = LatencyHistogram()
        """From when a batch was given to the engine until it was done."""
        self._lock = threading.Lock()
        self._batches: Counter[int] = Counter()

    @property
    def batches(self) -> dict[int, int]:
        """Number of batches by their number of frames."""
        with self._lock:
            return dict(self._batches)

    def take_in(self, figures: StageFigures) -> None:
        """Add what a child has sent."""
        self.wait.add_taken(figures.wait)
        self.time.add_taken(figures.time)
        sizes = figures.batches
        with self._lock:
            for frames, count in zip(sizes[::2], sizes[1::2], strict=True):
                self._batches[frames] += count


class InferenceFigures:
    """Figures of the bundles whose results are verdicts, since the line was started."""

    def __init__(self) -> None:
        self.queued = LatencyHistogram()
        """From a frame's capture until it was sent to a child."""
        self.stages = {stage: StageTotals() for stage in Stage}

    def sent(self, frames: Sequence[LeasedFrame], now_ns: int) -> None:
        """Frames are sent to a child."""
        for frame in frames:
            if frame.gets_verdict:
                self.queued.add((now_ns - frame.meta.captured_ns) / 1e3)

    def take_in(self, figures: ChildFigures) -> None:
        """Add what a child has sent."""
        self.stages[Stage.GATE].take_in(figures.gate)
        self.stages[Stage.SEGMENTER].take_in(figures.segmenter)
