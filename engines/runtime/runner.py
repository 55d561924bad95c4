"""Runs batches on the engines and waits for them: for golden frames, calibration, evaluation and the library call.

Engines are asynchronous (``engines.runtime.engine``). A ``SynchronousRunner`` takes requests, one batch each, keeps as many of
them in flight as keep the engine busy, and returns the outputs.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeAlias, TypeVar

from engines.errors import EngineError
from engines.runtime.engine import Engines, Frame, GateDone, GateOutput, SegmenterDone, SegmenterOutput
from engines.runtime.plausibility import require_agreement, require_probabilities

TIMEOUT_S = 120.0
"""Longest time without an output, seconds; after it an engine counts as hung."""

Output = TypeVar("Output", GateOutput, SegmenterOutput)
Finished: TypeAlias = "queue.SimpleQueue[tuple[int, Output | Exception]]"
"""Number and output, or exception, of each finished request."""


class Request(Protocol[Output]):
    """One batch for one of the engines."""

    @property
    def name(self) -> str:
        """Name of the frame or frames of the batch, for errors."""

    @property
    def engine(self) -> str:
        """The engine it is for, in words."""

    def in_flight(self, engines: Engines) -> int:
        """How many batches keep this engine busy."""

    def enqueue(self, engines: Engines, done: Callable[[Output | Exception], None]) -> None:
        """Give the batch to its engine."""

    def require_plausible(self, output: Output, thresholds: Sequence[float]) -> None:
        """Raise EngineError for an implausible output."""


@dataclass(frozen=True, slots=True)
class GateRequest:
    """Frames for the gate, see ``GateEngine.enqueue``."""

    frames: Sequence[Frame]
    name: str
    engine: ClassVar[str] = "gate"

    def in_flight(self, engines: Engines) -> int:
        """See ``Request``."""
        return engines.gate.in_flight

    def enqueue(self, engines: Engines, done: GateDone) -> None:
        """See ``Request``."""
        engines.gate.enqueue(self.frames, done)

    def require_plausible(self, output: GateOutput, thresholds: Sequence[float]) -> None:
        """See ``Request``."""
        require_probabilities(self.engine, output.scores.tolist())


@dataclass(frozen=True, slots=True)
class SegmenterRequest:
    """Frames for the segmenter and memory for their masks, see ``SegmenterEngine.enqueue``."""

    frames: Sequence[Frame]
    masks: Sequence[Frame]
    name: str
    seen: bool = False
    engine: ClassVar[str] = "segmenter"

    def in_flight(self, engines: Engines) -> int:
        """See ``Request``."""
        return engines.segmenter.in_flight

    def enqueue(self, engines: Engines, done: SegmenterDone) -> None:
        """See ``Request``."""
        engines.segmenter.enqueue(self.frames, self.masks, done, seen=self.seen)

    def require_plausible(self, output: SegmenterOutput, thresholds: Sequence[float]) -> None:
        """See ``Request``."""
        for pixels, scores in zip(output.pixels.tolist(), output.scores.tolist(), strict=True):
            require_probabilities(self.engine, scores)
            require_agreement(pixels, scores, thresholds)


class SynchronousRunner:
    """Runs batches on loaded engines and waits for them. It enqueues from the calling thread, which a GPU's engines belong to."""

    def __init__(
        self, engines: Engines, *, thresholds: Sequence[float] | None = None, timeout_s: float = TIMEOUT_S
    ) -> None:
        """``thresholds`` are the mask thresholds of the segmenter: every output is then checked, and an implausible one refused
        (``engines.runtime.plausibility``). Without them outputs are not checked."""
        self._engines = engines
        self._thresholds = thresholds
        self._timeout_s = timeout_s

    def gate(self, frames: Sequence[Frame], name: str) -> GateOutput:
        """Score one batch; ``name`` is for errors. Raises EngineError like ``in_order``."""
        (output,) = self.in_order([GateRequest(frames, name)])
        return output

    def segment(
        self, frames: Sequence[Frame], masks: Sequence[Frame], name: str, *, seen: bool = False
    ) -> SegmenterOutput:
        """Segment one batch into ``masks``; ``seen`` as in ``SegmenterEngine.enqueue``. Raises EngineError like ``in_order``."""
        (output,) = self.in_order([SegmenterRequest(frames, masks, name, seen)])
        return output

    def in_order(self, requests: Iterable[Request[Output]], in_flight: int | None = None) -> Iterator[Output]:
        """The outputs in the order of ``requests``, which are taken one by one: at most ``in_flight``
        batches are in flight, by default as many as keep the engine busy.

        Raises EngineError naming engine and batch where an engine fails, gives no output in time, or gives an implausible one; and what
        ``requests`` raises. No batch is in flight when it ends, also by an exception, unless an engine hangs.
        """
        early: dict[int, Output] = {}
        following = 0
        for number, output in self.as_completed(requests, in_flight):
            early[number] = output
            while following in early:
                yield early.pop(following)
                following += 1

    def as_completed(
        self, requests: Iterable[Request[Output]], in_flight: int | None = None
    ) -> Generator[tuple[int, Output], None, None]:
        """As ``in_order``, but yields each output as soon as it is there, with the number of its request from 0."""
        coming = enumerate(requests)
        under_way: dict[int, Request[Output]] = {}
        finished: Finished[Output] = queue.SimpleQueue()
        try:
            self._feed(coming, under_way, finished, in_flight)
            while under_way:
                number, output = self._wait(under_way, finished)
                sound = self._sound(under_way.pop(number), output)
                self._feed(coming, under_way, finished, in_flight)  # first: whoever takes the output may take its time
                yield number, sound
        finally:
            # The engines may still write into the masks of these.
            while under_way:
                under_way.pop(self._wait(under_way, finished)[0])

    def _feed(
        self,
        coming: Iterator[tuple[int, Request[Output]]],
        under_way: dict[int, Request[Output]],
        finished: Finished[Output],
        in_flight: int | None,
    ) -> None:
        """Enqueue further requests, until ``in_flight`` are enqueued."""
        for number, request in coming:
            under_way[number] = request
            request.enqueue(self._engines, _into(finished, number))
            if len(under_way) >= (in_flight or request.in_flight(self._engines)):
                return

    def _wait(
        self, under_way: dict[int, Request[Output]], finished: Finished[Output]
    ) -> tuple[int, Output | Exception]:
        """The next finished request. Where none finishes in time, all requests in flight are abandoned."""
        try:
            return finished.get(timeout=self._timeout_s)
        except queue.Empty:
            oldest = next(iter(under_way.values()))
            under_way.clear()
            raise EngineError(
                f"the {oldest.engine} gave no output for {oldest.name} within {self._timeout_s:g} s"
            ) from None

    def _sound(self, request: Request[Output], output: Output | Exception) -> Output:
        """The output. Raises EngineError where it is an exception or implausible."""
        if isinstance(output, Exception):
            raise EngineError(f"the {request.engine} failed on {request.name}: {output}") from output
        if self._thresholds is not None:
            try:
                request.require_plausible(output, self._thresholds)
            except EngineError as error:
                raise EngineError(f"{request.name}: {error}") from None
        return output


def _into(finished: Finished[Output], number: int) -> Callable[[Output | Exception], None]:
    return lambda output: finished.put((number, output))
