"""The protocol between a camera and the line."""

from __future__ import annotations

from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from inspector.errors import UserError
from inspector.frames.camera_clock import ClockReport
from inspector.frames.position import Position


class CameraLostError(UserError):
    """A camera that delivered does so no longer: its connection, its device or its server is gone. Opening it again may help."""

    def __init__(self, text: str, *, stalled: bool = False) -> None:
        """``stalled``: it is still connected as far as is known, and only its frames stay away."""
        super().__init__(text)
        self.stalled = stalled


class Arrival(msgspec.Struct, frozen=True):
    """One frame as a camera delivers it."""

    number: int
    """The camera's own count from 0 since ``open``, strictly increasing; a jump means that the camera lost the frames in between."""
    captured_ns: int
    """Capture time, monotonic ns of this machine."""
    pixels: NDArray[np.uint8] | None
    """``uint8 [H, W]``, C-contiguous, valid until the next call of ``next``; None where they cannot be used."""
    error: str = ""
    """Why the pixels are unusable, one line; empty when they are usable."""
    name: str = ""
    """In a replay the file name, with the folders that tell it from others of that name; else empty."""
    camera_ns: int | None = None
    """Capture time by the camera's own clock, ns; None where it has none."""
    camera_clock: str = ""
    """Name of that clock: ``ticks`` (free-running since the camera's start) or ``ptp``; empty where there is none."""
    encoder: int | None = None
    """Raw count of the encoder at the frame; None where the camera sends none."""
    part: str = ""
    """Id of the sheet, from the camera's counter of triggers; empty where it has none."""
    recorded: Position | None = None
    """Of a recording: the position that the frame had. None: it is to be computed."""
    recorded_lost: Position | None = None
    """Of a recording: the position of the first of the frames that were lost before it; None where it is not known."""


class SourceCounters(msgspec.Struct, frozen=True, kw_only=True):
    """What a camera has counted since the start of the daemon, over all its connections."""

    received: int = 0
    """Frames that arrived whole."""
    lost: int | None = 0
    """Frames whose number was skipped; None where the camera numbers no frames, so that a loss before this machine cannot be known."""
    incomplete: int = 0
    """Frames of which packets were missing; their pixels are not used."""
    dropped: int = 0
    """Frames that arrived while no buffer was free, and older ones that the latest replaced: this machine was too slow."""
    resent_packets: int = 0
    missing_packets: int = 0


class FrameSource(Protocol):
    """A camera. All calls except ``interrupt`` come one after the other, but may come from different threads.

    A live source may be opened again after ``close``; ``next`` raises CameraLostError where that is to be done. ``open`` may take seconds. An
    ``interrupt`` before ``open`` need not be remembered: whoever opens looks afterwards whether it is still wanted."""

    @property
    def live(self) -> bool:
        """Whether it is a device, which can fail and come back; else a recording or a simulation, which ends."""

    @property
    def serial(self) -> str | None:
        """Serial number of the device that is open; None where it has none, or does not tell it."""

    @property
    def rate_hz(self) -> float | None:
        """Frames per second that a live source delivers by itself; None where they are triggered, or the rate is not known."""

    def open(self) -> None:
        """Prepare to deliver frames. Raises UserError when the source cannot be used."""

    def next(self) -> Arrival | None:
        """Block until a frame arrives. None at the end of the run and after ``interrupt``. Raises CameraLostError."""

    def exposed(self) -> int | None:
        """How many frames the camera has exposed since ``open`` according to its rate, delivered or not; None where only their arrival shows
        it, as with every live source.

        Does not block, and may be called from any thread."""

    def counters(self) -> SourceCounters | None:
        """What it counts; None where it counts nothing. Does not block, and may be called from any thread."""

    def clock(self) -> ClockReport | None:
        """How the camera's clock stands; None where it has none. Does not block, and may be called from any thread."""

    def interrupt(self) -> None:
        """Make a blocked or later ``next`` return None within 50 ms. May be called from any thread."""

    def close(self) -> None:
        """Release all resources. May be called after a failed ``open``, and twice."""


class SoftwareSource:
    """What all sources without a device have in common."""

    live = False
    serial: str | None = None
    rate_hz: float | None = None

    def counters(self) -> SourceCounters | None:
        """None: there is nothing that such a source could lose unnoticed."""
        return None

    def clock(self) -> ClockReport | None:
        """None: it has no clock of its own."""
        return None
