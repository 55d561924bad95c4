"""Measures the defects on the class bitmask of one frame, in px and mm, and encodes it. How well found defects match labelled ones is in
``engines.metrics.defects``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inspector.verdicts import native, numpy_pass
from inspector.verdicts.measured import Measured, Settings

_LARGEST_SIDE_PX = 65535
_MOST_PX = 2**31 - 1


def measure(mask: NDArray[np.uint8], scores: Sequence[float], settings: Settings) -> Measured:
    """The defects on ``mask`` (uint8 ``[H, W]``, bit k set where class k is): its 8-connected regions per class, the largest of them listed.

    ``scores`` (0..1) are per class. Raises ValueError where the mask holds a class without a name."""
    compiled = native.COMPILED and max(mask.shape) <= _LARGEST_SIDE_PX and mask.size <= _MOST_PX
    measured_by = native.measure if compiled else numpy_pass.measure
    return measured_by(mask, scores, settings)
