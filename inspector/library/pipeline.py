"""The path of a frame without a line: check, gate, segmenter where the gate lets it through, judge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engines.bundle import Bundle
from engines.errors import EngineError
from engines.runtime.planes import page_aligned
from engines.runtime.runner import GateRequest, SegmenterRequest, SynchronousRunner
from inspector.capture.frame_check import FrameCheck
from inspector.capture.preparation import Preparation
from inspector.config.inference import InferenceConfig
from inspector.errors import UserError
from inspector.frames.outcome import Outcome
from inspector.inference.loading import load_configured
from inspector.verdicts.judge import Judge

NamedFrame = tuple[str, NDArray[np.uint8]]
"""A name for errors, and uint8 ``[H, W]``."""
Item = TypeVar("Item")
CLOSED = "this inspector is closed; open the bundle again"


class Pipeline:
    """Loaded engines and the judge. All calls, including the constructor, must come from one thread, to which a GPU's engines belong."""

    def __init__(
        self,
        bundle: Bundle,
        inference: InferenceConfig,
        frame_check: FrameCheck,
        judge: Judge,
        preparation: Preparation,
    ) -> None:
        """Load and verify the engines as the line's child does. Raises BundleError or EngineError."""
        loaded = load_configured(bundle, inference)
        engines = loaded.engines
        self._engines = engines
        self._frame_check = frame_check
        self._judge = judge
        self._preparation = preparation
        self._point = bundle.operating_point
        self._runner = SynchronousRunner(engines, thresholds=self._point.thresholds(bundle.classes))
        self._batch = max(engines.batches)
        self.capacity = engines.in_flight * self._batch
        """Number of frames that keeps the device busy; ``inspect`` takes at most this many."""
        self.device, self.note = engines.device, loaded.note
        self._closed = False
        self._failure = ""
        self._frames = page_aligned(self.capacity, bundle.height, bundle.width)
        self._masks = page_aligned(self.capacity, bundle.height, bundle.width)
        try:
            engines.adopt(self._frames, self._masks)
        except BaseException:
            engines.close()
            raise

    def inspect(self, frames: Sequence[NamedFrame]) -> list[Outcome]:
        """The outcomes of 1 to ``capacity`` frames, in order.

        Raises EngineError naming the frame where the engines fail or give an implausible output: they are then not used again, as a line
        starts a new child. Raises UserError after ``close``.
        """
        if self._closed:
            raise UserError(CLOSED)
        if self._failure:
            raise EngineError(f"the engines failed before ({self._failure}); open the bundle again")
        try:
            return self._inspect(frames)
        except EngineError as error:
            self._failure = str(error)
            raise

    def close(self) -> None:
        """Release the engines. A second call does nothing."""
        if not self._closed:
            self._closed = True
            self._engines.close()

    def _inspect(self, frames: Sequence[NamedFrame]) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        shown: list[int] = []
        for place, (_, pixels) in enumerate(frames):
            refused = self._frame_check.refused(pixels)
            if refused is not None:
                outcomes[place] = refused
            else:
                self._preparation.write(pixels, self._frames[place].reshape(-1))
                shown.append(place)
        let_through: list[tuple[int, float]] = []
        for place, score in zip(shown, self._scores(frames, shown), strict=True):
            if self._point.lets_through(score):
                let_through.append((place, score))
            else:
                outcomes[place] = self._judge.clean(score)
        outcomes |= self._segmented(frames, let_through)
        return [outcomes[place] for place in range(len(frames))]

    def _scores(self, frames: Sequence[NamedFrame], places: Sequence[int]) -> list[float]:
        """The gate's score of the frames at these places."""
        batches = _batches(places, self._batch)
        requests = (GateRequest([self._frames[i] for i in batch], _names(frames, batch)) for batch in batches)
        return [score for output in self._runner.in_order(requests) for score in output.scores.tolist()]

    def _segmented(
        self, frames: Sequence[NamedFrame], let_through: Sequence[tuple[int, float]]
    ) -> Iterator[tuple[int, Outcome]]:
        """Place and outcome of each frame that the gate let through; those are judged while further ones are segmented."""
        batches = list(_batches(let_through, self._batch))
        requests = (
            SegmenterRequest(
                [self._frames[place] for place, _ in batch],
                [self._masks[place] for place, _ in batch],
                _names(frames, [place for place, _ in batch]),
                seen=True,
            )
            for batch in batches
        )
        for batch, output in zip(batches, self._runner.in_order(requests), strict=True):
            for (place, score), pixels, scores in zip(batch, output.pixels, output.scores, strict=True):
                try:
                    yield place, self._judge.segmented(score, self._masks[place], pixels, scores)
                except ValueError as error:
                    raise EngineError(f"{frames[place][0]}: the engines' output cannot be used: {error}") from None


def _batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _names(frames: Sequence[NamedFrame], places: Sequence[int]) -> str:
    return ", ".join(frames[place][0] for place in places)
