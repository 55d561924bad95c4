"""``pad``: a smaller frame is filled up to the bundle's size. What is found in the padding does not count."""

from __future__ import annotations

from inspector.capture.fit.fit import Grey
from inspector.capture.fit.padding import PadWith, padded
from inspector.config.fit import FitMode
from inspector.errors import UserError
from inspector.frames.fitted import Fitted
from inspector.frames.layout import Layout, Piece
from inspector.frames.size import FrameSize


class Pad:
    """The padded frame is the judged one (a ``Fit``)."""

    mode: FitMode = "pad"

    def __init__(
        self, inspected: FrameSize, camera: FrameSize | None, offset: tuple[int, int], pad_with: PadWith
    ) -> None:
        """``offset`` is x, y of the frame's corner in the padded one. Raises UserError for a ``camera`` whose frames are too large."""
        self.camera = camera
        self.judged = inspected
        self.slot_px = inspected.pixels
        self._offset = offset
        self._pad_with = pad_with
        self._layouts: dict[FrameSize, Layout] = {}
        if camera is not None and (wrong := self.refusal(camera)):
            raise UserError(f"fit: frames of {camera}: {wrong}")
        self.fitted = Fitted("pad", camera, (-offset[0], -offset[1]))

    def refusal(self, size: FrameSize) -> str:
        """See ``Fit``."""
        if self.camera is not None and size != self.camera:
            return f"fit.size says {self.camera}"
        x, y = self._offset
        if y + size.height <= self.judged.height and x + size.width <= self.judged.width:
            return ""
        at = f" at x {x}, y {y}" if x or y else ""
        return f"pad fills up to {self.judged} a frame{at} that is no larger; use mode tile or crop"

    def layout(self, size: FrameSize) -> Layout:
        """See ``Fit``."""
        known = self._layouts.get(size)
        if known is None:
            x, y = self._offset
            piece = Piece(0, x, y, x, y, size.width, size.height)
            known = self._layouts[size] = Layout(self.judged, self.judged, (piece,))
        return known

    def write(self, pixels: Grey, plane: Grey) -> None:
        """See ``Fit``."""
        target = plane[: self.slot_px].reshape(self.judged)
        target[...] = padded(pixels, self.judged, self._pad_with, *self._offset)
