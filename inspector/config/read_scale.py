"""Reads the scale that a configuration or a recipe names as a file."""

from __future__ import annotations

from pathlib import Path

from engines.errors import FileError
from engines.scale import read_scale
from inspector.config.calibrated_scale import CalibratedScale
from inspector.errors import UserError


def read_calibrated_scale(path: str) -> CalibratedScale:
    """The scale in a file. Raises UserError."""
    try:
        card = read_scale(Path(path))
    except FileError as error:
        raise UserError(f"{error}; `inspector calibrate scale` makes one") from None
    return CalibratedScale(
        mm_per_px_x=card.mm_per_px_x,
        mm_per_px_y=card.mm_per_px_y,
        file=path,
        id=card.id,
        height=card.height,
        width=card.width,
        camera_serial=card.camera_serial,
        lens=card.distortion,
    )
