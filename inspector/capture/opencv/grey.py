"""The frame of a line from what OpenCV reads."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.errors import BadFrameError


def grey_of(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Grey ``uint8 [H, W]`` of ``uint8 [H, W]``, ``[H, W, 1]`` or ``[H, W, 3]`` (BGR). Raises BadFrameError for anything else.

    The weights are those with which image files are read (``engines.images``), 0.299 R + 0.587 G + 0.114 B, and a grey in three channels
    keeps its values; the rounding differs by one grey level for 0.3 % of the colours, as OpenCV's fast conversion has one binary place more.
    """
    if pixels.dtype == np.uint8:
        if pixels.ndim == 2:
            return np.ascontiguousarray(pixels)
        if pixels.ndim == 3 and pixels.shape[2] == 1:
            return np.ascontiguousarray(pixels[..., 0])
        if pixels.ndim == 3 and pixels.shape[2] == 3:
            return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    raise BadFrameError(f"OpenCV delivered {pixels.dtype} {list(pixels.shape)}; expected uint8, grey or BGR")
