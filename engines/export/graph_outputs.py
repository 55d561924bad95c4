"""What exported graphs give on the CPU runtime: for thresholds, parity and golden frames of a bundle that is being made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.errors import EngineError
from engines.runtime.openvino_quiet import core

Grey = NDArray[np.uint8]


@dataclass(frozen=True)
class GraphOutputs:
    """Outputs of both graphs for N frames: `scores` float32 `[N]`, `masks` uint8 `[N, H, W]`, `class_scores` float32 `[N, K]`."""

    scores: NDArray[np.float32]
    masks: NDArray[np.uint8]
    class_scores: NDArray[np.float32]


class ExportedNetworks:
    """Both graphs, compiled at `precision` (`f32` or `bf16`)."""

    def __init__(self, gate: Path, segmenter: Path, precision: str = "f32") -> None:
        options = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"}
        self._gate: Any = core.compile_model(gate, "CPU", options)
        self._segmenter: Any = core.compile_model(segmenter, "CPU", options)

    def score(self, frames: Sequence[Grey]) -> NDArray[np.float32]:
        """Gate scores of uint8 frames `[H, W]`."""
        return np.array([self._gate([frame[None]])["score"][0] for frame in frames], np.float32)

    def segment(
        self, frames: Sequence[Grey], thresholds: Sequence[float]
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Bitmasks and class scores. Raises EngineError if a pixel count is not that of the mask or a score not finite."""
        limits = np.asarray(thresholds, np.float32)
        masks, scores = [], []
        for frame in frames:
            output = self._segmenter([frame[None], limits])
            mask = output["mask"][0].copy()
            counts = [int(((mask >> k) & 1).sum(dtype=np.int64)) for k in range(limits.size)]
            if counts != output["pixels"][0].tolist() or not np.isfinite(output["scores"]).all():
                raise EngineError(
                    f"the segmenter scores {output['scores'][0].tolist()} and counts {output['pixels'][0].tolist()} pixels, its mask holds {counts}"
                )
            masks.append(mask)
            scores.append(output["scores"][0].copy())
        return np.stack(masks), np.stack(scores)

    def outputs(self, frames: Sequence[Grey], thresholds: Sequence[float]) -> GraphOutputs:
        """Everything at once."""
        masks, class_scores = self.segment(frames, thresholds)
        return GraphOutputs(self.score(frames), masks, class_scores)
