"""The protocol of all ways to fit a frame."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from inspector.config.fit import FitMode
from inspector.frames.fitted import Fitted
from inspector.frames.layout import Layout
from inspector.frames.size import FrameSize

Grey = NDArray[np.uint8]
"""``uint8 [H, W]``."""


class Fit(Protocol):
    """Fits the frames of one camera to those that the bundle inspects. Keeps no state but what it has computed."""

    @property
    def mode(self) -> FitMode:
        """Its name in the configuration."""

    @property
    def camera(self) -> FrameSize | None:
        """Size of the camera's frames; None where each has its own."""

    @property
    def judged(self) -> FrameSize:
        """Size of the frames that are judged, and of their masks."""

    @property
    def slot_px(self) -> int:
        """Pixels that a frame takes in its slot."""

    @property
    def fitted(self) -> Fitted:
        """Where the judged frame lies in the camera's."""

    def refusal(self, size: FrameSize) -> str:
        """Why a frame of this size does not fit, one line with what mends it; empty where it does."""

    def layout(self, size: FrameSize) -> Layout | None:
        """How a frame of this size lies in its slot; None: as one window, which is the judged frame."""

    def write(self, pixels: Grey, plane: Grey) -> None:
        """Write a frame that is not refused into ``plane``, the slot: uint8 [bytes], C-contiguous."""
