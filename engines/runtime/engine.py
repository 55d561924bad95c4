"""The protocol between code that schedules batches and engines that compute them.

An engine is asynchronous: ``enqueue`` returns at once and ``done`` is called later, from any thread. How many batches an
engine should hold at a time is its attribute ``in_flight``; a CPU computes several in parallel on its cores, a GPU keeps
copies and kernels of several batches overlapped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]
"""uint8 [H, W], C-contiguous, writable memory; must stay unchanged until ``done`` is called."""


@dataclass(frozen=True, slots=True)
class GateOutput:
    """The gate's output for one batch of N frames."""

    scores: NDArray[np.float32]
    """[N], probability that the sheet holds a defect."""


@dataclass(frozen=True, slots=True)
class SegmenterOutput:
    """The segmenter's output for one batch of N frames and K classes; the masks are in the buffers given to ``enqueue``."""

    pixels: NDArray[np.int32]
    """[N, K], pixels set per class."""
    scores: NDArray[np.float32]
    """[N, K], maximum probability per class over the frame."""


GateDone = Callable[[GateOutput | Exception], None]
"""Called with the output of a batch, or with the exception that ended it."""
SegmenterDone = Callable[[SegmenterOutput | Exception], None]
"""As ``GateDone``."""


class GateEngine(Protocol):
    """The loaded gate."""

    max_batch: int
    in_flight: int
    """Batches of the gate to keep enqueued."""

    def enqueue(self, frames: Sequence[Frame], done: GateDone) -> None:
        """Score 1..max_batch frames; ``done`` gets the output, or the exception that ended the batch."""


class SegmenterEngine(Protocol):
    """The loaded segmenter, its mask thresholds set."""

    max_batch: int
    in_flight: int
    """Batches of the segmenter to keep enqueued."""

    def set_thresholds(self, thresholds: Sequence[float]) -> None:
        """Set the mask thresholds (probabilities, one per class). No batch may be in flight."""

    def enqueue(
        self, frames: Sequence[Frame], masks: Sequence[Frame], done: SegmenterDone, *, seen: bool = False
    ) -> None:
        """Segment 1..max_batch frames into ``masks`` (uint8 [H, W] each, bit k = class k); ``done`` is called as for the gate.

        ``seen``: the gate has scored these very frames and they have not changed since; those of the adopted planes are
        then not copied to the device again."""


class Engines(Protocol):
    """Both engines of a bundle on one device."""

    @property
    def gate(self) -> GateEngine:
        """The gate."""

    @property
    def segmenter(self) -> SegmenterEngine:
        """The segmenter."""

    in_flight: int
    """Batches to keep enqueued, for both engines together: as many as keep the device busy, and no more, because an enqueued batch cannot
    be overtaken."""
    overlap: bool
    """Whether gate and segmenter compute at the same time, each on a stream of its own. Where not, they take turns, and their times add
    up."""
    batches: tuple[int, ...]
    """Prepared batch sizes, each of which is verified with the golden frames."""
    device: str
    """What computes, for a person: name, precision, lanes."""
    idle_s: float | None
    """After this time without work, seconds, ``keep_warm`` should be called; None where it has no effect."""

    def adopt(self, frames: NDArray[np.uint8], masks: NDArray[np.uint8]) -> None:
        """Tell the engines in which planes most frames and masks will be: uint8, C-contiguous, of any shape, beginning on a memory page. A
        GPU page-locks them and copies directly from and to them. They replace planes adopted earlier; no batch may be in flight
        meanwhile. Raises EngineError."""

    def keep_warm(self) -> None:
        """Compute something, so that clocks stay high and caches filled; the result is discarded. Raises EngineError."""

    def close(self) -> None:
        """Finish enqueued batches and release the device."""
