"""Where the frames of a run lie along the coil, mm from its head."""

from __future__ import annotations

from inspector.frames.position import PositionSource
from inspector.protocol.messages import Header

NO_POSITION = "the line did not know their position"
BEGAN_AGAIN = "their positions, counted by frames, began again and do not go on from those before"


class Positions:
    """The coil begins where the first frame of the run with a position does. Positions by an encoder are common to the cameras of a line, as
    ``docs/positions.md`` says; those by number are each camera's own, and hold for one epoch."""

    def __init__(self) -> None:
        self._encoder_zero: int | None = None
        self._zeros: dict[str, tuple[str, int]] = {}
        """By camera, of positions by number: epoch, and position where the run began."""

    def of(self, header: Header) -> tuple[float | None, str]:
        """Of the frame with this header, mm; or None and why not."""
        position_um, travel_um = header.position_um, header.travel_um
        if position_um is None or travel_um is None:
            return None, NO_POSITION
        zero = position_um - travel_um
        if header.position_source is PositionSource.ENCODER:
            if self._encoder_zero is None:
                self._encoder_zero = zero
            return (position_um - self._encoder_zero) / 1000, ""
        epoch, began = self._zeros.setdefault(header.camera, (header.epoch, zero))
        if epoch != header.epoch or abs(zero - began) > 1:  # each is rounded to a micrometre
            return None, BEGAN_AGAIN
        return (position_um - began) / 1000, ""
