"""What every arm of the comparison is given and gives back: a task once, then slices."""

from __future__ import annotations

from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from inspector.bench.mix import Mix

Pool = NDArray[np.uint8]
"""Frames that the slices go through again and again, uint8 [n, H, W]."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle's networks and thresholds."""

    frame_px: int
    """Pixels of a frame."""
    gate: str
    """Path of the ONNX file."""
    segmenter: str
    gate_threshold: float
    classes: tuple[str, ...]
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
    let_through: tuple[bool, ...]
    """Of each frame: whether it is segmented, whatever the gate's score is. The same for all arms."""

    @property
    def frames(self) -> int:
        """How many they are."""
        return len(self.let_through)

    @property
    def numbers(self) -> range:
        """The frames' numbers."""
        return range(self.first, self.first + self.frames)

    def lets_through(self, number: int) -> bool:
        """Whether frame ``number`` is segmented."""
        return self.let_through[number - self.first]


def even_order(first: int, frames: float, share: float) -> SliceOrder:
    """At least ``frames`` frames from number ``first`` on, with ``share`` of them let through at equal distances."""
    mix = Mix(share)
    return SliceOrder(first=first, let_through=tuple(mix.let_through(mix.whole(frames)).tolist()))


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """What was found over a slice."""

    frames: int
    let_through: int
    """Frames that were segmented."""
    gate_positive: int
    """Frames with a gate score of at least the threshold, whether they were let through or not."""
    pixels: tuple[int, ...]
    """Pixels per class, over all frames that were segmented."""
    defects: int | None
    """Regions of at least the least area; None where the arm measures none."""


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """What an arm did."""

    rate_hz: float
    """Frames per second, from the first frame's start to the last one's end."""
    cpu_ms: float
    """CPU time of all processes of the arm, per frame."""
    cpu_s: float
    """The same over all frames."""
    answers: Answers


class Arm(Protocol):
    """Something that does slices: the line, or a loop in its process."""

    @property
    def name(self) -> str:
        """For the table."""

    def run(self, order: SliceOrder) -> Slice:
        """Do one slice. Raises UserError where the arm fails."""
