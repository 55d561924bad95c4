"""``crop``: a window of the bundle's size is cut out of a larger frame. What lies outside it is not inspected."""

from __future__ import annotations

from inspector.capture.fit.fit import Grey
from inspector.config.fit import FitMode
from inspector.errors import UserError
from inspector.frames.fitted import Fitted
from inspector.frames.size import FrameSize


class Crop:
    """The window is the judged frame (a ``Fit``)."""

    mode: FitMode = "crop"

    def __init__(self, inspected: FrameSize, camera: FrameSize | None, offset: tuple[int, int] | None) -> None:
        """``offset`` is x, y of the window's corner; None: in the middle, half a pixel to the left and up where that is none. Raises UserError
        for a window that leaves the frames of the ``camera``."""
        self.camera = camera
        self.judged = inspected
        self.slot_px = inspected.pixels
        self._offset = offset
        if camera is not None and (wrong := self.refusal(camera)):
            raise UserError(f"fit: frames of {camera}: {wrong}")
        known = offset if camera is None else self._corner(camera)
        self.fitted = Fitted("crop", camera, known)

    def refusal(self, size: FrameSize) -> str:
        """See ``Fit``."""
        if self.camera is not None and size != self.camera:
            return f"fit.size says {self.camera}"
        x, y = self._offset or (0, 0)
        if size.height >= self.judged.height + y and size.width >= self.judged.width + x:
            return ""
        at = f" at x {x}, y {y}" if self._offset else ""
        return f"crop takes {self.judged}{at} out of a frame; use mode pad or tile"

    def layout(self, size: FrameSize) -> None:
        """See ``Fit``."""
        return

    def write(self, pixels: Grey, plane: Grey) -> None:
        """See ``Fit``."""
        x, y = self._corner(FrameSize(*pixels.shape))
        height, width = self.judged
        plane[: self.slot_px].reshape(self.judged)[...] = pixels[y : y + height, x : x + width]

    def _corner(self, size: FrameSize) -> tuple[int, int]:
        return self._offset or ((size.width - self.judged.width) // 2, (size.height - self.judged.height) // 2)
