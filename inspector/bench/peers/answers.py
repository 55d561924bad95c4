"""What an arm finds over a slice, counted while it runs, and whether two arms found the same."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import msgspec

from inspector.bench.lines import decision
from inspector.inference.messages import Forced

TOLERANCE = 0.002
"""Largest difference of a count between arms of one precision, as a share of the count: kernels of another batch or number of threads round
otherwise."""
TOLERANCE_OTHER_PRECISION = 0.05
"""The same where one of them computes in another precision."""


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """What was found over a slice."""

    let_through: int
    """Frames that were segmented."""
    gate_positive: int
    """Frames with a gate score of at least the threshold, whether they were let through or not."""
    pixels: tuple[int, ...]
    """Pixels per class, over all frames that were segmented."""
    defects: int | None
    """Regions of at least the least area; None where the arm measures none."""


def differences(line: Answers, loop: Answers, tolerance: float) -> list[str]:
    """What differs by more than ``tolerance``, a few words each; empty where nothing does. Frames that were segmented must be the same."""
    counts = [("frames with a gate score above the threshold", line.gate_positive, loop.gate_positive)]
    counts += [
        (f"pixels of class {number}", ours, theirs)
        for number, (ours, theirs) in enumerate(zip(line.pixels, loop.pixels, strict=True), 1)
    ]
    if line.defects is not None and loop.defects is not None:
        counts.append(("defects", line.defects, loop.defects))
    found = [
        f"{theirs:,} {what}, the line {ours:,}"
        for what, ours, theirs in counts
        if abs(ours - theirs) > tolerance * max(ours, theirs)
    ]
    if line.let_through != loop.let_through:
        found.insert(0, f"{loop.let_through:,} frames segmented, the line {line.let_through:,}")
    return found


class Tally:
    """Counts the answers of one slice and takes the time from the end of its warm-up to its last frame. For threads."""

    def __init__(self, *, warm_up: int, counted: int, pass_rate: float, gate_threshold: float, classes: int) -> None:
        """``warm_up`` and ``counted`` are frames, together those of the slice; ``pass_rate`` of them are let through, by a fixed list."""
        self.frames = warm_up + counted
        self._warm_up, self._counted = warm_up, counted
        self._pass_rate = pass_rate
        self._gate_threshold = gate_threshold
        self._lock = threading.Lock()
        self._finished = self._let_through = self._gate_positive = self._defects = 0
        self._measured = False
        self._pixels = [0] * classes
        self._begun = self._ended = 0.0

    def gated(self, n: int, score: float) -> bool:
        """Count the gate's score of the slice's frame ``n``. True: the frame is to be segmented; False: it is finished."""
        let_through = decision(n, self._pass_rate) is Forced.LET_THROUGH
        with self._lock:
            self._gate_positive += score >= self._gate_threshold
            if not let_through:
                self._finish()
        return let_through

    def segmented(self, pixels: Sequence[int], defects: int | None = None) -> None:
        """Count what was found on a frame: pixels per class, and the defects where they are measured. The frame is finished."""
        with self._lock:
            self._let_through += 1
            self._pixels = [sum(both) for both in zip(self._pixels, pixels, strict=True)]
            if defects is not None:
                self._defects += defects
                self._measured = True
            self._finish()

    def answers(self) -> Answers:
        """What was found, after the last frame."""
        return Answers(
            let_through=self._let_through,
            gate_positive=self._gate_positive,
            pixels=tuple(self._pixels),
            defects=self._defects if self._measured else None,
        )

    def rate_hz(self) -> float:
        """Frames per second after the warm-up. Raises ValueError where frames are missing."""
        if self._finished != self.frames:
            raise ValueError(f"{self._finished} of {self.frames} frames were finished")
        return self._counted / (self._ended - self._begun)

    def _finish(self) -> None:
        """Lock held. One frame more is finished."""
        self._finished += 1
        if self._finished == self._warm_up:
            self._begun = time.perf_counter()
        if self._finished == self.frames:
            self._ended = time.perf_counter()
