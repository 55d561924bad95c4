"""Each engine alone: how many frames a second with every lane busy, how long one frame takes by itself."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from engines.runtime.engine import Engines
from engines.runtime.planes import page_aligned

Frames = Sequence[NDArray[np.uint8]]
Enqueue = Callable[[int, int, Callable[[Any], None]], None]
MASKS = 16
"""Masks written to in turn, at least."""


class EngineTimes(msgspec.Struct, frozen=True, kw_only=True):
    """Times of both engines, ms per frame."""

    gate_ms: float
    """With every lane busy: the time the gate adds per frame."""
    segmenter_ms: float
    gate_alone_ms: float
    """One batch in flight: its latency, per frame."""
    segmenter_alone_ms: float


def bound_hz(times: Sequence[EngineTimes], pass_rate: float) -> float:
    """Frames per second the engines allow on these cores when ``pass_rate`` of the frames reach the segmenter.

    Over several measurements the times are averaged, for times add up and rates do not."""
    return 1e3 * len(times) / sum(one.gate_ms + pass_rate * one.segmenter_ms for one in times)


class Bank:
    """Both engines and the frames to feed them."""

    def __init__(self, engines: Engines, frames: Frames) -> None:
        """The engines adopt the frames, as a line's ring, and see each of them once. Raises what an engine failed with."""
        self._engines = engines
        self._frames = _plane(frames)
        self._masks = _plane([np.zeros_like(frames[0])] * max(MASKS, 4 * engines.segmenter.max_batch))
        engines.adopt(self._frames, self._masks)
        box: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for number in range(len(frames)):
            self._gate(number, 1, box.put)
            _checked(box.get())

    @property
    def max_batch(self) -> int:
        """Most frames in a batch."""
        return self._engines.gate.max_batch

    def times(self, seconds: float, batch: int = 1) -> EngineTimes:
        """Both engines, saturated and alone, in batches of ``batch``; ``seconds`` in all. Raises what an engine failed with."""
        gate, segmenter = self._engines.gate.in_flight, self._engines.segmenter.in_flight
        return EngineTimes(
            gate_ms=self._ms_per_frame(self._gate, batch, gate, seconds / 4),
            segmenter_ms=self._ms_per_frame(self._segmenter, batch, segmenter, seconds / 4),
            gate_alone_ms=self._ms_per_frame(self._gate, batch, 1, seconds / 4),
            segmenter_alone_ms=self._ms_per_frame(self._segmenter, batch, 1, seconds / 4),
        )

    def own_ms(self, seconds: float) -> NDArray[np.float64]:
        """Time of one frame through gate and segmenter with nothing else running, of each of many [n]."""
        box: queue.SimpleQueue[Any] = queue.SimpleQueue()
        found: list[float] = []
        end = time.perf_counter() + seconds
        while not found or time.perf_counter() < end:
            begun = time.perf_counter()
            for enqueue in (self._gate, self._segmenter):
                enqueue(len(found), 1, box.put)
                _checked(box.get())
            found.append((time.perf_counter() - begun) * 1e3)
        return np.asarray(found)

    def _gate(self, start: int, batch: int, done: Callable[[Any], None]) -> None:
        self._engines.gate.enqueue(self._chosen(start, batch), done)

    def _segmenter(self, start: int, batch: int, done: Callable[[Any], None]) -> None:
        masks = [self._masks[(start + i) % len(self._masks)] for i in range(batch)]
        self._engines.segmenter.enqueue(self._chosen(start, batch), masks, done, seen=True)

    def _chosen(self, start: int, batch: int) -> list[NDArray[np.uint8]]:
        return [self._frames[(start + i) % len(self._frames)] for i in range(batch)]

    def _ms_per_frame(self, enqueue: Enqueue, batch: int, in_flight: int, seconds: float) -> float:
        """Mean time between answers, per frame, with ``in_flight`` batches always enqueued."""
        box: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for started in range(in_flight):
            enqueue(started * batch, batch, box.put)
        done = 0
        begun = time.perf_counter()
        while True:
            _checked(box.get())
            done += 1
            elapsed = time.perf_counter() - begun
            if elapsed >= seconds:
                break
            enqueue((done + in_flight - 1) * batch, batch, box.put)
        for _ in range(in_flight - 1):
            _checked(box.get())
        return elapsed / done / batch * 1e3


def _checked(answer: Any) -> None:
    if isinstance(answer, Exception):
        raise answer


def _plane(frames: Frames) -> NDArray[np.uint8]:
    plane = page_aligned(len(frames), *frames[0].shape)
    plane[...] = frames
    return plane
