"""The average of many frames that show the same: nothing at all (dark), or an even white."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engines.errors import DataError
from engines.images.frame_files import Frame

Plane = NDArray[np.float64]
FEWEST = 8
"""Fewer frames leave their own noise in the average."""
HELD_OUT = 4
"""Every so many frames one is left out, to see on it what the correction does."""


@dataclass
class Reference:
    """Sums over frames."""

    size: tuple[int, int]
    sums: NDArray[np.uint32] = field(init=False)
    whites: NDArray[np.uint32] = field(init=False)
    """How often each pixel was saturated, that is 255."""
    means: list[float] = field(default_factory=list)
    """Of each frame."""

    def __post_init__(self) -> None:
        self.sums, self.whites = np.zeros(self.size, np.uint32), np.zeros(self.size, np.uint32)

    def add(self, frame: Frame) -> None:
        """Add a frame, uint8 ``[H, W]``."""
        self.sums += frame
        self.whites += frame == 255
        self.means.append(float(frame.mean()))

    def joined(self, other: Reference) -> Reference:
        """That of the frames of both."""
        both = Reference(self.size, [*self.means, *other.means])
        both.sums, both.whites = self.sums + other.sums, self.whites + other.whites
        return both

    @property
    def frames(self) -> int:
        """How many there are."""
        return len(self.means)

    def mean(self, per_column: bool) -> Plane:
        """Grey levels, ``[H, W]``, or ``[1, W]`` per column."""
        return self._averaged(self.sums, per_column)

    def saturated(self, per_column: bool) -> Plane:
        """Share of the frames in which a pixel is saturated, of the same shape."""
        return self._averaged(self.whites, per_column)

    @property
    def flicker(self) -> float:
        """The largest deviation of a frame's mean from that of all, as a share of it."""
        middle = max(float(np.mean(self.means)), 1e-9)
        return float(np.abs(np.asarray(self.means) - middle).max() / middle)

    def _averaged(self, sums: NDArray[np.uint32], per_column: bool) -> Plane:
        plane: Plane = sums / self.frames
        return plane.mean(axis=0, keepdims=True) if per_column else plane


def average(
    frames: Sequence[Frame], size: tuple[int, int], what: str, progress: Callable[[], None]
) -> tuple[Reference, Reference]:
    """References of three quarters of the frames, and of the held-out rest. ``what`` says what they show: "dark" or "white".

    Raises DataError where they are too few or one has another size."""
    if len(frames) < FEWEST:
        raise DataError(
            f"{what}: {len(frames)} frames are too few; at least {FEWEST} are needed, and 32 or more are better"
        )
    used, rest = Reference(size), Reference(size)
    for number, frame in enumerate(frames):
        if frame.shape != size:
            raise DataError(f"{what}: frame {number} has {list(frame.shape)} pixels, the first one {list(size)}")
        (rest if is_held_out(number) else used).add(frame)
        progress()
    return used, rest


def is_held_out(number: int) -> bool:
    """Whether the frame is one of those on which the correction is tried."""
    return number % HELD_OUT == HELD_OUT - 1
