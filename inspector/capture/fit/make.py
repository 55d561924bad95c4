"""Chooses the fit that a camera's configuration asks for."""

from __future__ import annotations

from inspector.capture.fit.crop import Crop
from inspector.capture.fit.fit import Fit
from inspector.capture.fit.pad import Pad
from inspector.capture.fit.resize import Resize
from inspector.capture.fit.tile import Tile
from inspector.capture.fit.whole import Whole
from inspector.config.fit import FitConfig
from inspector.frames.size import FrameSize


def make_fit(config: FitConfig, inspected: FrameSize) -> Fit:
    """The fit for a bundle whose frames are of size ``inspected``. Raises UserError where the camera's frames cannot be fitted so."""
    camera = None if config.size is None else FrameSize(config.size.height, config.size.width)
    offset = None if config.offset is None else (config.offset.x, config.offset.y)
    if config.mode == "crop":
        return Crop(inspected, camera, offset)
    if config.mode == "pad":
        return Pad(inspected, camera, offset or (0, 0), config.pad_with)
    if config.mode == "resize":
        return Resize(inspected, camera)
    if config.mode == "tile":
        assert camera is not None, "the configuration of the camera refuses it"
        return Tile(inspected, camera, config.overlap_px, config.pad_with)
    return Whole(inspected)
