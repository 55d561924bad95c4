"""How the pixels of a camera become the frame in its slot."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inspector.capture.flat_field import FlatField
from inspector.frames.size import FrameSize


class Preparation:
    """Writes the frames of one camera into slots, as the engines read them. Used by the camera's thread."""

    def __init__(self, inspected: FrameSize, flat_field: FlatField | None = None) -> None:
        """``inspected`` is the size of the frames that the bundle inspects; ``flat_field`` evens out light and sensor, where there is one."""
        self.inspected = inspected
        self.judged = inspected
        """Size of the frames that are judged, and of their masks."""
        self._correction = flat_field
        self.flat_field = flat_field.id if flat_field else ""
        """Identity of the flat field that is applied; empty where there is none."""

    def refusal(self, pixels: NDArray[np.uint8]) -> str:
        """Why pixels of this dtype or shape cannot be used, one line; empty where they can. Without this check numpy would broadcast."""
        if pixels.shape == self.inspected and pixels.dtype == np.uint8:
            return ""
        return f"the camera delivered {pixels.dtype} {list(pixels.shape)}; expected uint8 {list(self.inspected)}"

    def write(self, pixels: NDArray[np.uint8], plane: NDArray[np.uint8]) -> None:
        """Write a frame that is not refused into ``plane``, the slot: uint8 [bytes], C-contiguous."""
        frame = plane[: self.inspected.pixels].reshape(self.inspected)
        if self._correction is None:
            frame[...] = pixels
        else:
            self._correction.apply(pixels, frame)
