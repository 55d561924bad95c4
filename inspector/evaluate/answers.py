"""What a bundle's engines answer, frame by frame, and how long they take."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.bundle import Bundle
from engines.data.dataset import LabelledFrame
from engines.errors import EngineError
from engines.operating_point import OperatingPoint
from engines.runtime.engine import Engines, GateAnswer, SegmenterAnswer
from engines.runtime.load import load_engines
from inspector.inference.worker import require_agreement, require_probabilities

_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What both engines say of a frame; the segmenter is asked whatever the gate says."""

    frame: LabelledFrame
    score: float
    let_through: bool
    mask: NDArray[np.uint8]
    """``uint8 [H, W]``, bit k = class k, at the operating point's thresholds."""
    gate_ms: float
    segmenter_ms: float


class Judge:
    """A bundle's engines on this machine, one frame at a time with all cores. Close after use."""

    def __init__(
        self, bundle: Bundle, point: OperatingPoint, runtime: str = "openvino", precision: str = "auto"
    ) -> None:
        """Load and prove the engines; they decide at ``point``. Raises BundleError or EngineError."""
        loaded = load_engines(bundle, runtime=runtime, precision=precision, lanes=1)
        self._engines: Engines = loaded.engines
        self._point = point
        self._thresholds = point.thresholds(bundle.classes)
        self._engines.segmenter.set_thresholds(self._thresholds)
        self.device = loaded.engines.device
        self.note = loaded.note

    def __enter__(self) -> Judge:
        return self

    def __exit__(self, *_: object) -> None:
        self._engines.close()

    def answers(self, frames: Iterable[LabelledFrame]) -> Iterator[Answer]:
        """The answers, in order. Raises EngineError for one that cannot be right, DataError for an unreadable frame."""
        for frame in frames:
            pixels = np.ascontiguousarray(frame.frame())
            score, gate_ms = self._gate(pixels)
            mask, segmenter_ms = self._segment(pixels)
            yield Answer(frame, score, score >= self._point.gate_threshold, mask, gate_ms, segmenter_ms)

    def _gate(self, pixels: NDArray[np.uint8]) -> tuple[float, float]:
        box: queue.SimpleQueue[Any] = queue.SimpleQueue()
        begun = time.perf_counter()
        self._engines.gate.enqueue([pixels], box.put)
        answer: GateAnswer = _taken(box, "gate")
        ended = time.perf_counter()
        score = float(answer.scores[0])
        require_probabilities("gate", (score,))
        return score, (ended - begun) * 1e3

    def _segment(self, pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
        box: queue.SimpleQueue[Any] = queue.SimpleQueue()
        mask = np.zeros_like(pixels)
        begun = time.perf_counter()
        self._engines.segmenter.enqueue([pixels], [mask], box.put)
        answer: SegmenterAnswer = _taken(box, "segmenter")
        ended = time.perf_counter()
        scores = answer.scores[0].tolist()
        require_probabilities("segmenter", scores)
        require_agreement(answer.pixels[0].tolist(), scores, self._thresholds)
        return mask, (ended - begun) * 1e3


def _taken(box: queue.SimpleQueue[Any], engine: str) -> Any:
    try:
        answer = box.get(timeout=_TIMEOUT_S)
    except queue.Empty:
        raise EngineError(f"the {engine} gave no answer within {_TIMEOUT_S:g} s") from None
    if isinstance(answer, Exception):
        raise EngineError(f"the {engine} failed: {answer}") from answer
    return answer
