"""Loops that a user of OpenVINO would write: the fastest that its documentation leads to, and the first that it shows.

Both compute in the precision of the line's engines; everything else that the line sets for itself is left to OpenVINO.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from engines.runtime.openvino_quiet import ov
from inspector.bench.peers.arms import Pool, SliceOrder, Task
from inspector.bench.peers.tally import Tally
from inspector.bench.peers.user_measuring import measure


class ThroughputLoop:
    """Two queues of asynchronous requests, one for each network, both compiled with the hint THROUGHPUT for frames of one size. While
    requests are computed the loop starts others; a frame that is let through goes to the segmenter before the next one to the gate."""

    def __init__(self, task: Task, pool: Pool, *, measuring: bool) -> None:
        """Without ``measuring`` the counts per class, which the network gives, are all that is looked at."""
        self._task, self._pool, self._measuring = task, pool, measuring
        self._thresholds = np.asarray(task.mask_thresholds, np.float32)
        core = ov.Core()
        options = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": task.precision}

        def queue(path: str) -> Any:
            model = core.read_model(path)
            model.reshape({"frames": [1, *pool.shape[1:]]})
            return ov.AsyncInferQueue(core.compile_model(model, "CPU", options))

        self._gate, self._segmenter = queue(task.gate), queue(task.segmenter)

    def run(self, order: SliceOrder, tally: Tally) -> None:
        """See ``Loop``."""
        let_through: deque[int] = deque()

        def gated(request: Any, number: int) -> None:
            if tally.gated(number, float(request.get_tensor("score").data[0])):
                let_through.append(number)

        def segmented(request: Any, _: None) -> None:
            pixels = request.get_tensor("pixels").data[0].tolist()
            tally.segmented(pixels, self._defects(request, pixels))

        def segment_those_let_through() -> None:
            while let_through:
                frame = self._frame(let_through.popleft())
                self._segmenter.start_async({"frames": frame, "thresholds": self._thresholds}, share_inputs=True)

        self._gate.set_callback(gated)
        self._segmenter.set_callback(segmented)
        for number in order.numbers:
            self._gate.start_async({"frames": self._frame(number)}, number, share_inputs=True)
            segment_those_let_through()
        self._gate.wait_all()
        segment_those_let_through()
        self._segmenter.wait_all()

    def _defects(self, request: Any, pixels: list[int]) -> int | None:
        if not self._measuring:
            return None
        mask = request.get_tensor("mask").data[0]
        return len(measure(mask, pixels, self._task.minimum_area_px, self._task.max_defects))

    def _frame(self, number: int) -> Any:
        return self._pool[number % len(self._pool)][np.newaxis]


class DefaultLoop:
    """The networks as they are, compiled with no hint, called frame by frame; defects are measured."""

    def __init__(self, task: Task, pool: Pool) -> None:
        self._task, self._pool = task, pool
        self._thresholds = np.asarray(task.mask_thresholds, np.float32)
        core = ov.Core()
        options = {"INFERENCE_PRECISION_HINT": task.precision}
        self._gate, self._segmenter = (core.compile_model(path, "CPU", options) for path in (task.gate, task.segmenter))

    def run(self, order: SliceOrder, tally: Tally) -> None:
        """See ``Loop``."""
        task = self._task
        for number in order.numbers:
            frame = self._pool[number % len(self._pool)][np.newaxis]
            score = float(self._gate({"frames": frame})["score"][0])
            if tally.gated(number, score):
                found = self._segmenter({"frames": frame, "thresholds": self._thresholds})
                pixels = found["pixels"][0].tolist()
                tally.segmented(pixels, len(measure(found["mask"][0], pixels, task.minimum_area_px, task.max_defects)))
