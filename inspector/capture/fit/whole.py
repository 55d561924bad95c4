"""``refuse``: frames of the bundle's size, and no others."""

from __future__ import annotations

from inspector.capture.fit.fit import Grey
from inspector.config.fit import FitMode
from inspector.frames.fitted import Fitted
from inspector.frames.size import FrameSize


class Whole:
    """A frame is inspected as it is (a ``Fit``)."""

    mode: FitMode = "refuse"

    def __init__(self, inspected: FrameSize) -> None:
        self.camera: FrameSize | None = inspected
        self.judged = inspected
        self.slot_px = inspected.pixels
        self.fitted = Fitted("refuse", inspected)

    def refusal(self, size: FrameSize) -> str:
        """See ``Fit``."""
        return "" if size == self.judged else f"expected uint8 {list(self.judged)}"

    def layout(self, size: FrameSize) -> None:
        """See ``Fit``."""
        return

    def write(self, pixels: Grey, plane: Grey) -> None:
        """See ``Fit``."""
        plane[: self.slot_px].reshape(self.judged)[...] = pixels
