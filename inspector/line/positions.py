"""Where on the sheet the frames of one camera are."""

from __future__ import annotations

from inspector.capture.source import Arrival
from inspector.config.camera import CameraConfig
from inspector.frames.position import UNKNOWN, Position, PositionSource


class Positions:
    """Positions of one camera's frames, by their numbers. Used under the lock under which frames get their numbers."""

    def __init__(self, camera: CameraConfig) -> None:
        self._pitch_um = camera.travel_um_per_frame

    def of(self, number: int, arrival: Arrival | None, run: str) -> Position:
        """The position of frame ``number``, captured in ``run``; ``arrival`` is None for the first of a range of lost frames."""
        if arrival is not None and arrival.recorded is not None:
            return arrival.recorded
        if self._pitch_um is None:
            return UNKNOWN
        return Position(position_um=number * self._pitch_um, source=PositionSource.FRAME_COUNT)
