"""The protocol between a camera and the line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Arrival:
    """One frame as a camera delivers it."""

    number: int
    """The camera's own count from 0, strictly increasing; a jump means that the camera lost the frames in between."""
    captured_ns: int
    """Capture time, monotonic ns."""
    pixels: NDArray[np.uint8] | None
    """``uint8 [H, W]``, C-contiguous, valid until the next call of ``next``; None where they cannot be used."""
    error: str = ""
    """Why the pixels are unusable, one line; empty when they are usable."""
    name: str = ""
    """In a replay the file name, with the folders that tell it from others of that name; else empty."""


class FrameSource(Protocol):
    """A camera. All calls except ``interrupt`` come one after the other, but may come from different threads."""

    def open(self) -> None:
        """Prepare to deliver frames. Raises UserError when the source cannot be used."""

    def next(self) -> Arrival | None:
        """Block until a frame arrives. None at the end of the run and after ``interrupt``."""

    def exposed(self) -> int | None:
        """How many frames the camera has exposed by now according to its rate, delivered or not; None where only their arrival shows it.

        Does not block, and may be called from any thread."""

    def interrupt(self) -> None:
        """Make a blocked or later ``next`` return None within 50 ms. May be called from any thread."""

    def close(self) -> None:
        """Release all resources. May be called after a failed ``open``, and twice."""
