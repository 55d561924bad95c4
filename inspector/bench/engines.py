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

Frames = Sequence[NDArray[np.uint8]]


class EngineTimes(msgspec.Struct, frozen=True, kw_only=True):
    """Times of both engines, ms per frame."""

    gate_ms: float
    """With every lane busy: the time the gate adds per frame."""
    segmenter_ms: float
    gate_alone_ms: float
    """One frame in flight: its latency."""
    segmenter_alone_ms: float

    def bound_hz(self, pass_rate: float) -> float:
        """Frames per second the engines allow on these cores when ``pass_rate`` of the frames reach the segmenter."""
        return 1e3 / (self.gate_ms + pass_rate * self.segmenter_ms)

    @property
    def own_ms(self) -> float:
        """The engines' own time for one frame that both see."""
        return self.gate_alone_ms + self.segmenter_alone_ms


def measure_engines(engines: Engines, frames: Frames, seconds: float, batch: int = 1) -> EngineTimes:
    """Both engines, saturated and alone, about ``seconds`` each of the four times, in batches of ``batch``."""
    masks = [np.empty_like(frames[0]) for _ in range(batch * engines.in_flight)]

    def gate(start: int, done: Callable[[Any], None]) -> None:
        engines.gate.enqueue([frames[(start + i) % len(frames)] for i in range(batch)], done)

    def segmenter(start: int, done: Callable[[Any], None]) -> None:
        chosen = [frames[(start + i) % len(frames)] for i in range(batch)]
        at = start % len(masks)
        engines.segmenter.enqueue(chosen, masks[at : at + batch], done)

    return EngineTimes(
        gate_ms=_ms_per_batch(gate, batch, engines.in_flight, seconds) / batch,
        segmenter_ms=_ms_per_batch(segmenter, batch, engines.in_flight, seconds) / batch,
        gate_alone_ms=_ms_per_batch(gate, batch, 1, seconds) / batch,
        segmenter_alone_ms=_ms_per_batch(segmenter, batch, 1, seconds) / batch,
    )


def _ms_per_batch(
    enqueue: Callable[[int, Callable[[Any], None]], None], batch: int, in_flight: int, seconds: float
) -> float:
    """Mean time between answers with ``in_flight`` batches always enqueued. Raises what an engine failed with."""
    box: queue.SimpleQueue[Any] = queue.SimpleQueue()
    started = 0
    for _ in range(in_flight):
        enqueue(started * batch, box.put)
        started += 1
    done = 0
    begun = time.perf_counter()
    while True:
        answer = box.get()
        if isinstance(answer, Exception):
            raise answer
        done += 1
        elapsed = time.perf_counter() - begun
        if elapsed >= seconds:
            break
        enqueue(started * batch, box.put)
        started += 1
    for _ in range(in_flight - 1):
        box.get()
    return elapsed / done * 1e3
