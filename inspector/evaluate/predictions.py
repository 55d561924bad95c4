"""What a bundle's engines predict, frame by frame, and how long they take."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.bundle import Bundle
from engines.data.dataset import LabelledFrame
from engines.operating_point import OperatingPoint
from engines.runtime.load import load_engines
from engines.runtime.runner import SynchronousRunner


@dataclass(frozen=True, slots=True)
class Prediction:
    """What both engines say of a frame; the segmenter is asked whatever the gate says."""

    frame: LabelledFrame
    score: float
    let_through: bool
    mask: NDArray[np.uint8]
    """``uint8 [H, W]``, bit k = class k, at the operating point's thresholds."""
    gate_ms: float
    segmenter_ms: float


class Predictor:
    """A bundle's engines on this machine, one frame at a time with all cores. Close after use."""

    def __init__(
        self, bundle: Bundle, point: OperatingPoint, runtime: str = "openvino", precision: str = "auto"
    ) -> None:
        """Load and prove the engines; they decide at ``point``. Raises BundleError or EngineError."""
        loaded = load_engines(bundle, runtime=runtime, precision=precision, lanes=1)
        self._engines = loaded.engines
        self._point = point
        thresholds = point.thresholds(bundle.classes)
        self._engines.segmenter.set_thresholds(thresholds)
        self._runner = SynchronousRunner(self._engines, thresholds=thresholds)
        self.device = loaded.engines.device
        self.note = loaded.note

    def __enter__(self) -> Predictor:
        return self

    def __exit__(self, *_: object) -> None:
        self._engines.close()

    def predictions(self, frames: Iterable[LabelledFrame]) -> Iterator[Prediction]:
        """The predictions, in order. Raises EngineError for one that cannot be right, DataError for an unreadable frame."""
        for frame in frames:
            pixels = np.ascontiguousarray(frame.frame())
            mask = np.zeros_like(pixels)
            begun = time.perf_counter()
            score = float(self._runner.gate([pixels], frame.name).scores[0])
            gated = time.perf_counter()
            self._runner.segment([pixels], [mask], frame.name)
            ended = time.perf_counter()
            yield Prediction(
                frame=frame,
                score=score,
                let_through=self._point.lets_through(score),
                mask=mask,
                gate_ms=(gated - begun) * 1e3,
                segmenter_ms=(ended - gated) * 1e3,
            )
