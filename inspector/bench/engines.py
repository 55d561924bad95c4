"""Measures the engines without a line: saturated, and a single batch with nothing else running. The two are never compared."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Sequence
from statistics import fmean
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from engines.runtime.engine import Engines
from engines.runtime.planes import page_aligned
from engines.runtime.runner import GateRequest, Output, Request, SegmenterRequest, SynchronousRunner

Frames = Sequence[NDArray[np.uint8]]
MASKS = 16
"""Least number of masks that are written to in turn."""
_NAME = "simulated frames"


class BusyTimes(msgspec.Struct, frozen=True, kw_only=True):
    """Mean times with every lane or stream busy, one engine at a time, ms per frame."""

    gate_ms: float
    segmenter_ms: float


def mean_times(times: Sequence[BusyTimes]) -> BusyTimes:
    """The mean of several measurements: of the times, because times add up and rates do not."""
    return BusyTimes(gate_ms=fmean(one.gate_ms for one in times), segmenter_ms=fmean(one.segmenter_ms for one in times))


class EngineTimes(BusyTimes, frozen=True, kw_only=True):
    """Also with one batch in flight, nothing else running: its latency, ms per frame."""

    gate_alone_ms: float
    segmenter_alone_ms: float


class OwnTimes(NamedTuple):
    """Times of single batches with nothing else running, from call to result, ms [n] each."""

    gate_ms: NDArray[np.float64]
    """Through the gate: what a clean frame needs."""
    both_ms: NDArray[np.float64]
    """Through the gate and then the segmenter: what a frame that is let through needs."""

    def of(self, *, let_through: bool) -> NDArray[np.float64]:
        """Those of one kind of frame."""
        return self.both_ms if let_through else self.gate_ms


class EngineBench:
    """Measures both engines on given frames."""

    def __init__(self, engines: Engines, frames: Frames) -> None:
        """The engines adopt the frames like a line's ring, and each frame is run once. Raises EngineError."""
        self._engines = engines
        self._runner = SynchronousRunner(engines)
        self._frames = _plane(frames)
        self._masks = _plane([np.zeros_like(frames[0])] * max(MASKS, 4 * engines.segmenter.max_batch))
        engines.adopt(self._frames, self._masks)
        for _ in self._runner.in_order(self._gate(number, 1) for number in range(len(frames))):
            pass

    @property
    def max_batch(self) -> int:
        """Most frames in a batch."""
        return self._engines.gate.max_batch

    def busy(self, seconds: float, batch: int) -> BusyTimes:
        """Both engines, saturated, in batches of ``batch``; ``seconds`` in all. Raises EngineError."""
        engines = self._engines
        return BusyTimes(
            gate_ms=self._ms_per_frame(self._gate, batch, engines.gate.in_flight, seconds / 2),
            segmenter_ms=self._ms_per_frame(self._segmenter, batch, engines.segmenter.in_flight, seconds / 2),
        )

    def times(self, seconds: float, batch: int) -> EngineTimes:
        """Both engines, saturated and alone, in batches of ``batch``; ``seconds`` in all. Raises EngineError."""
        busy = self.busy(seconds / 2, batch)
        return EngineTimes(
            gate_ms=busy.gate_ms,
            segmenter_ms=busy.segmenter_ms,
            gate_alone_ms=self._ms_per_frame(self._gate, batch, 1, seconds / 4),
            segmenter_alone_ms=self._ms_per_frame(self._segmenter, batch, 1, seconds / 4),
        )

    def own(self, seconds: float, batch: int = 1) -> OwnTimes:
        """Single batches of ``batch`` through the gate, then through both engines; ``seconds`` in all. Raises EngineError."""

        def gate(number: int) -> None:
            request = self._gate(number * batch, batch)
            self._runner.gate(request.frames, request.name)

        def both(number: int) -> None:
            gate(number)
            request = self._segmenter(number * batch, batch)
            self._runner.segment(request.frames, request.masks, request.name, seen=True)

        return OwnTimes(_each_ms(gate, seconds / 2), _each_ms(both, seconds / 2))

    def _gate(self, start: int, batch: int) -> GateRequest:
        return GateRequest(self._chosen(start, batch), _NAME)

    def _segmenter(self, start: int, batch: int) -> SegmenterRequest:
        masks = [self._masks[(start + i) % len(self._masks)] for i in range(batch)]
        return SegmenterRequest(self._chosen(start, batch), masks, _NAME, seen=True)

    def _chosen(self, start: int, batch: int) -> list[NDArray[np.uint8]]:
        return [self._frames[(start + i) % len(self._frames)] for i in range(batch)]

    def _ms_per_frame(
        self, request: Callable[[int, int], Request[Output]], batch: int, in_flight: int, seconds: float
    ) -> float:
        """Mean time between outputs, per frame, with ``in_flight`` batches always enqueued."""
        endless = (request(number * batch, batch) for number in itertools.count())
        begun = time.perf_counter()
        with contextlib.closing(self._runner.as_completed(endless, in_flight)) as completed:
            for done, _ in enumerate(completed, 1):
                elapsed = time.perf_counter() - begun
                if elapsed >= seconds:
                    return elapsed / done / batch * 1e3
        raise AssertionError("there is always a further batch")


def _each_ms(run: Callable[[int], None], seconds: float) -> NDArray[np.float64]:
    """Time of each of as many calls as ``seconds`` allow, ms [n]."""
    found: list[float] = []
    end = time.perf_counter() + seconds
    while not found or time.perf_counter() < end:
        begun = time.perf_counter()
        run(len(found))
        found.append((time.perf_counter() - begun) * 1e3)
    return np.asarray(found)


def _plane(frames: Frames) -> NDArray[np.uint8]:
    plane = page_aligned(len(frames), *frames[0].shape)
    plane[...] = frames
    return plane
