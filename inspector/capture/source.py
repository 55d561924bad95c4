"""The protocol between a camera and the line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Arrival:
    """One frame as a camera hands it over."""

    number: int
    """The camera's own count from 0, strictly rising; a jump means the camera lost the frames between."""
    captured_ns: int
    """Capture time, monotonic ns."""
    pixels: NDArray[np.uint8] | None
    """``uint8 [H, W]``, C-contiguous, valid until the next call of ``next``; None when unusable."""
    error: str = ""
    """Why the pixels are unusable, one line; empty when they are usable."""
    name: str = ""
    """File name in a replay, else empty."""


class FrameSource(Protocol):
    """A camera. All calls but ``interrupt`` come one after the other, though not from one thread."""

    def open(self) -> None:
        """Get ready to deliver. Raises UserError when the source cannot be used at all."""

    def next(self) -> Arrival | None:
        """Block until a frame arrives. None at the end of the run and after ``interrupt``."""

    def interrupt(self) -> None:
        """From any thread: a blocked or later ``next`` returns None within 50 ms."""

    def close(self) -> None:
        """Release everything; safe after a failed ``open`` and when called twice."""
