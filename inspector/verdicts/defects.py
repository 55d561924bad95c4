"""Measures the defects on the class bitmask of one frame, in px and mm, and encodes it. How well found defects match labelled ones is in
``engines.metrics.defects``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inspector.config.verdicts import Scale
from inspector.verdicts import native, numpy_pass
from inspector.verdicts.measured import Measured

_LARGEST_SIDE_PX = 65535
_MOST_PX = 2**31 - 1


def measure(
    mask: NDArray[np.uint8],
    scores: Sequence[float],
    class_names: Sequence[str],
    scale: Scale | None,
    minimum_area_px: Sequence[int],
    max_defects: int,
) -> Measured:
    """The defects on ``mask`` (uint8 ``[H, W]``, bit k set where class k is): its 8-connected regions per class.

    ``scores`` (0..1) and ``minimum_area_px`` are per class, 1 to 8 of each; smaller regions are no defects. The ``max_defects`` largest
    are listed. Raises ValueError where the mask holds a class without a name.
    """
    compiled = native.COMPILED and max(mask.shape) <= _LARGEST_SIDE_PX and mask.size <= _MOST_PX
    measured_by = native.measure if compiled else numpy_pass.measure
    return measured_by(mask, scores, class_names, scale, minimum_area_px, max_defects)
