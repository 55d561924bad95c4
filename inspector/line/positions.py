"""Where on the sheet the frames of one camera are."""

from __future__ import annotations

from inspector.capture.source import Arrival
from inspector.config.camera import CameraConfig
from inspector.frames.position import UNKNOWN, Position, PositionSource


class Positions:
    """Positions of one camera's frames, by their numbers. Used under the lock under which frames get their numbers."""

    def __init__(self, camera: CameraConfig) -> None:
        self._pitch_um = camera.travel_um_per_frame
        self._run = ""
        """Of the last frame."""
        self._broken_in: str | None = None
        """The run in which the camera was lost; its further frames have no position."""

    def of(self, number: int, arrival: Arrival | None, run: str) -> Position:
        """The position of frame ``number``, captured in ``run``; ``arrival`` is None for the first of a range of lost frames."""
        self._run = run
        if arrival is not None and arrival.recorded is not None:
            return arrival.recorded
        if run != self._broken_in:
            self._broken_in = None
        if self._pitch_um is None or self._broken_in is not None:
            return UNKNOWN
        return Position(position_um=number * self._pitch_um, source=PositionSource.FRAME_COUNT)

    def broken(self) -> None:
        """The camera was lost: the frames that it missed are not counted, so positions are unknown until the next run begins."""
        self._broken_in = self._run
