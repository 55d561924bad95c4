"""What a frame is filled up with.

``mirror``: the frame itself, mirrored at its edges without repeating the edge's pixels, as often as it takes. It has the sheet's own texture
and makes no edge, which a network could take for a defect or for the sheet's. A defect near an edge is seen again in its mirror image, so
the gate rather lets a padded frame through; what the segmenter marks in the padding is cut off.
A grey level makes an edge, at which a network may mark something that is not there: for frames that end in a background of that grey.
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np

from inspector.capture.fit.fit import Grey
from inspector.frames.size import FrameSize

PadWith = Literal["mirror"] | int


def padded(pixels: Grey, size: FrameSize, pad_with: PadWith, x: int = 0, y: int = 0) -> Grey:
    """``pixels`` in a frame of ``size``, its upper left corner at ``x``, ``y``; uint8 [H, W]."""
    below, right = size.height - y - pixels.shape[0], size.width - x - pixels.shape[1]
    if pad_with == "mirror":
        made = cv2.copyMakeBorder(pixels, y, below, x, right, cv2.BORDER_REFLECT_101)
    else:
        made = cv2.copyMakeBorder(pixels, y, below, x, right, cv2.BORDER_CONSTANT, value=(float(pad_with),))
    return np.asarray(made, np.uint8)
