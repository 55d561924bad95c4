"""Decides for each frame whether it shows anything, before it goes to the engines; on the line and in the library alike."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.images.blank import blank, row_step
from inspector.config.frame_check import EmptyPosition, FrameCheckConfig
from inspector.frames.outcome import Outcome, Reason, Verdict


class FrameCheck:
    """The check of one camera's frames. Keeps no state."""

    def __init__(self, config: FrameCheckConfig) -> None:
        self._enabled = config.enabled
        self._empty = config.empty_position
        self._limits = config.limits

    def refused(self, pixels: NDArray[np.uint8]) -> Outcome | None:
        """The outcome of a frame that shows no sheet; None where the frame is to be inspected. ``pixels``: uint8 ``[H, W]``."""
        if not self._enabled:
            return None
        if self._empty is not None and (found := _fits(pixels, self._empty)):
            return Outcome(verdict=Verdict.UNINSPECTED, reason=Reason.NO_SHEET, detail=found)
        found = blank(pixels, self._limits)
        return Outcome(verdict=Verdict.UNINSPECTED, reason=Reason.BAD_FRAME, detail=found) if found else None


def _fits(pixels: NDArray[np.uint8], empty: EmptyPosition) -> str:
    """How the frame fits the description of the empty position; empty where it does not."""
    for rows in (pixels[:: row_step(pixels)], pixels):  # the whole frame only where some of its rows fit
        mean, deviation = (float(one[0, 0]) for one in cv2.meanStdDev(rows))
        if not empty.grey_from <= mean <= empty.grey_to or deviation > empty.max_deviation:
            return ""
    return f"the position is empty: mean grey {mean:.1f}, deviation {deviation:.1f}"
