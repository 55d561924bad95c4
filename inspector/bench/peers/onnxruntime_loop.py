"""The loop that a user of onnxruntime would write first. onnxruntime is no dependency: the loop is there where it can be imported."""

from __future__ import annotations

import importlib
import importlib.util

import numpy as np

from inspector.bench.peers.arms import Pool, SliceOrder, Task
from inspector.bench.peers.tally import Tally
from inspector.bench.peers.user_measuring import measure


def why_not_onnxruntime() -> str:
    """Why this loop is left out; empty where it can run."""
    return "" if importlib.util.find_spec("onnxruntime") else "onnxruntime is not installed: its loop is left out"


class OnnxRuntimeLoop:
    """A session for each network with default options, called frame by frame, in f32; defects are measured."""

    def __init__(self, task: Task, pool: Pool) -> None:
        self._task, self._pool = task, pool
        self._thresholds = np.asarray(task.mask_thresholds, np.float32)
        session = importlib.import_module("onnxruntime").InferenceSession
        self._gate, self._segmenter = (
            session(path, providers=["CPUExecutionProvider"]) for path in (task.gate, task.segmenter)
        )

    def run(self, order: SliceOrder, tally: Tally) -> None:
        """See ``Loop``."""
        task = self._task
        for number in order.numbers:
            frame = self._pool[number % len(self._pool)][np.newaxis]
            (scores,) = self._gate.run(["score"], {"frames": frame})
            if tally.gated(number, float(scores[0])):
                masks, pixels = self._segmenter.run(
                    ["mask", "pixels"], {"frames": frame, "thresholds": self._thresholds}
                )
                counts = pixels[0].tolist()
                tally.segmented(counts, len(measure(masks[0], counts, task.minimum_area_px, task.max_defects)))
