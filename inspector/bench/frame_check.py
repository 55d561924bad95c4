"""Measures the check whether a frame shows anything, which each frame takes in its camera's thread."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from inspector.capture.frame_check import FrameCheck
from inspector.config.frame_check import FrameCheckConfig

ROUNDS = 50


def frame_check_us(frames: Sequence[NDArray[np.uint8]]) -> float:
    """Median time of one frame, microseconds, with the default limits."""
    cv2.setNumThreads(1)  # as on the line
    check = FrameCheck(FrameCheckConfig())
    times_ns = []
    for _ in range(ROUNDS):
        for frame in frames:
            begun = time.perf_counter_ns()
            check.refused(frame)
            times_ns.append(time.perf_counter_ns() - begun)
    return statistics.median(times_ns) / 1e3
