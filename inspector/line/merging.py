"""The one mask of a frame that lies in its slot in several windows, or in a part of one, put together from the masks of its windows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inspector.frames.layout import Layout
from inspector.frames.planes import SharedPlanes
from inspector.inference.messages import InferenceResult
from inspector.inference.tiles import TiledResult


def merged_mask(layout: Layout, result: InferenceResult, masks: SharedPlanes) -> NDArray[np.uint8]:
    """The mask of the judged frame, ``uint8 [H, W]``, of the windows that the gate let through. A pixel that several of them show has the
    classes that any of them gives it; what is marked in padding is left out.

    Raises ValueError where the segmenter's count of a window is not what its mask holds."""
    parts = result.tiles if isinstance(result, TiledResult) else (result,)
    shown = []
    for piece, part in zip(layout.pieces, parts, strict=True):
        if part.let_through:  # the mask of any other window is that of an earlier frame
            mask = masks.view((part.slot, part.offset), layout.inspected)
            _require_counts(mask, part, classes=len(result.pixels))
            shown.append((piece, mask))
    return layout.merged(shown)


def _require_counts(mask: NDArray[np.uint8], part: InferenceResult, classes: int) -> None:
    counted = tuple(int(np.count_nonzero(mask & np.uint8(1 << k))) for k in range(classes))
    if counted != tuple(part.pixels):
        raise ValueError(f"the segmenter counts {tuple(part.pixels)} pixels per class, its mask holds {counted}")
