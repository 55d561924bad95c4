"""What every arm of the comparison is given and gives back: a task once, then slices."""

from __future__ import annotations

from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from inspector.bench.peers.answers import Answers, Tally

Pool = NDArray[np.uint8]
"""Frames that the slices go through again and again, uint8 [n, H, W]."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle's networks and thresholds."""

    gate: str
    """Path of the ONNX file."""
    segmenter: str
    gate_threshold: float
    mask_thresholds: tuple[float, ...]
    """Per class."""
    minimum_area_px: tuple[int, ...]
    """Per class: smaller regions are no defects."""
    max_defects: int
    """Most defects that are listed for a frame."""
    precision: str
    """f32 or bf16: what the line's engines compute in."""


class SliceOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Frames to do in one go."""

    first: int
    """Number of the first frame; frame n shows the pool's frame n modulo its length."""
    warm_up: int
    """Frames before the clock starts."""
    counted: int
    pass_rate: float
    """Share that is let through, by a fixed list that is the same for all arms (``inspector.bench.lines.decision``)."""

    def tally(self, task: Task) -> Tally:
        """Counts this slice."""
        return Tally(
            warm_up=self.warm_up,
            counted=self.counted,
            pass_rate=self.pass_rate,
            gate_threshold=task.gate_threshold,
            classes=len(task.mask_thresholds),
        )


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """What an arm did."""

    rate_hz: float
    """Frames per second after the warm-up."""
    frames: int
    """With those of the warm-up."""
    cpu_s: float
    """CPU time of all processes of the arm over these frames."""
    answers: Answers

    @property
    def cpu_ms(self) -> float:
        """CPU time per frame."""
        return self.cpu_s / self.frames * 1e3


class Loop(Protocol):
    """A user's loop, its networks loaded."""

    def run(self, first: int, tally: Tally) -> None:
        """Do ``tally.frames`` frames from number ``first`` on: score each, segment those that the tally lets through, tell it both."""


class Arm(Protocol):
    """Something that does slices: the line, or a loop in its process."""

    @property
    def name(self) -> str:
        """For the table."""

    def run(self, order: SliceOrder) -> Slice:
        """Do one slice. Raises UserError where the arm fails."""
