"""Measures each engine without a line: frames per second with every lane busy, and the time of a single frame."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Sequence

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


class EngineTimes(msgspec.Struct, frozen=True, kw_only=True):
    """Times of both engines, ms per frame."""

    gate_ms: float
    """With every lane busy: time per frame."""
    segmenter_ms: float
    gate_alone_ms: float
    """One batch in flight: its latency, per frame."""
    segmenter_alone_ms: float


def bound_hz(times: Sequence[EngineTimes], pass_rate: float) -> float:
    """Frames per second the engines allow on these cores when ``pass_rate`` of the frames reach the segmenter.

    Over several measurements the times are averaged, for times add up and rates do not."""
    return 1e3 * len(times) / sum(one.gate_ms + pass_rate * one.segmenter_ms for one in times)


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

    def times(self, seconds: float, batch: int = 1) -> EngineTimes:
        """Both engines, saturated and alone, in batches of ``batch``; ``seconds`` in all. Raises EngineError."""
        gate, segmenter = self._engines.gate.in_flight, self._engines.segmenter.in_flight
        return EngineTimes(
            gate_ms=self._ms_per_frame(self._gate, batch, gate, seconds / 4),
            segmenter_ms=self._ms_per_frame(self._segmenter, batch, segmenter, seconds / 4),
            gate_alone_ms=self._ms_per_frame(self._gate, batch, 1, seconds / 4),
            segmenter_alone_ms=self._ms_per_frame(self._segmenter, batch, 1, seconds / 4),
        )

    def own_ms(self, seconds: float) -> NDArray[np.float64]:
        """Time of one frame through gate and segmenter with nothing else running, of each of many [n]. Raises EngineError."""
        found: list[float] = []
        end = time.perf_counter() + seconds
        while not found or time.perf_counter() < end:
            begun = time.perf_counter()
            gate, segmenter = self._gate(len(found), 1), self._segmenter(len(found), 1)
            self._runner.gate(gate.frames, gate.name)
            self._runner.segment(segmenter.frames, segmenter.masks, segmenter.name, seen=True)
            found.append((time.perf_counter() - begun) * 1e3)
        return np.asarray(found)

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


def _plane(frames: Frames) -> NDArray[np.uint8]:
    plane = page_aligned(len(frames), *frames[0].shape)
    plane[...] = frames
    return plane
