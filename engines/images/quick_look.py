"""A quick look at some rows of a frame, by compiled code (``_quick_look.c``): most frames show something for certain, and need no more.

It answers yes only where ``blank`` would say the same of these rows; in doubt it says no, and ``blank`` decides. At 256 x 1600 it takes half
of the time of numpy and OpenCV, which also let go of the interpreter lock several times.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engines.files.compiled import wanted
from engines.images.blank_limits import BlankLimits

try:
    from engines.images import _quick_look
except ImportError:
    BUILT = False
    """Whether the compiled module is there."""
else:
    BUILT = True

COMPILED = BUILT and wanted()
"""Whether it is used."""


def shows_something(
    pixels: NDArray[np.uint8],
    step: int,
    limits: BlankLimits,
    *,
    tail: float,
    spread: float,
    thin: int,
    row_pairs: int,
    column_pairs: int,
) -> bool:
    """Whether every ``step``-th row of ``pixels`` (uint8 ``[H, W]``) shows something for certain. False also where no compiled code is used,
    and for a view that it does not read.

    ``tail`` is the share of the darkest and of the brightest pixels that do not count, ``spread`` what a correlation of noise may reach by
    chance. Every ``row_pairs``-th row is compared with the next, in ``thin`` pixels, and every ``column_pairs``-th column; 0: none."""
    height, width = pixels.shape
    stride, along = pixels.strides
    if not COMPILED or along != 1 or stride < width or pixels.dtype != np.uint8 or not pixels.size:
        return False
    return _quick_look.shows(
        pixels.ctypes.data,
        height,
        width,
        stride,
        step,
        limits.black,
        limits.white,
        limits.min_contrast,
        limits.max_clipped,
        tail,
        limits.min_structure,
        spread,
        thin,
        row_pairs,
        column_pairs,
        limits.count_clipped_rows,
    )
