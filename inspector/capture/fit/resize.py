"""``resize``: a frame is stretched to the bundle's size, each side on its own.

Textures and defects then look as thresholds calibrated on other frames do not know them: see ``inspector.line.resized``.
"""

from __future__ import annotations

import cv2

from inspector.capture.fit.fit import Grey
from inspector.config.fit import FitMode
from inspector.frames.fitted import Fitted
from inspector.frames.size import FrameSize


class Resize:
    """The stretched frame is the judged one (a ``Fit``). The pixels are those of a data set with ``fit: stretch``
    (``engines.data.images.Fit``): averaged where a side shrinks, else interpolated linearly."""

    mode: FitMode = "resize"

    def __init__(self, inspected: FrameSize, camera: FrameSize | None) -> None:
        self.camera = camera
        self.judged = inspected
        self.slot_px = inspected.pixels
        factor = None if camera is None else (camera.width / inspected.width, camera.height / inspected.height)
        self.fitted = Fitted("resize", camera, (0, 0), factor)

    def refusal(self, size: FrameSize) -> str:
        """See ``Fit``."""
        return f"fit.size says {self.camera}" if self.camera is not None and size != self.camera else ""

    def layout(self, size: FrameSize) -> None:
        """See ``Fit``."""
        return

    def write(self, pixels: Grey, plane: Grey) -> None:
        """See ``Fit``."""
        height, width = self.judged
        shrinks = height < pixels.shape[0] or width < pixels.shape[1]
        target = plane[: self.slot_px].reshape(self.judged)
        cv2.resize(pixels, (width, height), dst=target, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
