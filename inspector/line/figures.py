"""Figures of judging for metrics: the defects by class, and how long judging takes."""

from __future__ import annotations

import threading
from collections import Counter

from inspector.frames.latency import LatencyHistogram
from inspector.frames.outcome import Outcome


class JudgingFigures:
    """Since the line was started, without what shadows find. Every method may be called from any thread."""

    def __init__(self) -> None:
        self.time = LatencyHistogram()
        """From when the result of a frame that was let through arrived until the frame was judged: with the wait for a thread."""
        self._lock = threading.Lock()
        self._defects: Counter[tuple[str, str]] = Counter()

    def judged(self, camera: str, outcome: Outcome, took_us: float) -> None:
        """A frame that was let through is judged."""
        self.time.add(took_us)
        if outcome.defects:
            with self._lock:
                for defect in outcome.defects:
                    self._defects[camera, defect.class_name] += 1

    @property
    def defects(self) -> dict[tuple[str, str], int]:
        """Listed defects by camera and class."""
        with self._lock:
            return dict(self._defects)
