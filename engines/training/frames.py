"""The frames of a part at the resolution the network sees, kept in memory as far as there is room."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from engines.data.dataset import LabelledFrame
from engines.training.augment import Grey, Pair

CACHE_BYTES = 2 * 1024**3
"""For decoded frames and masks, in each process that reads; later frames are read again each time."""


class Frames:
    """Frames and masks by number, at 1/scale of the resolution."""

    def __init__(self, frames: Sequence[LabelledFrame], classes: int, scale: int) -> None:
        self.frames = tuple(frames)
        self._classes = classes
        self._scale = scale
        self._kept: dict[int, Pair] = {}
        self._free = CACHE_BYTES

    def __len__(self) -> int:
        return len(self.frames)

    def pair(self, number: int) -> Pair:
        """Frame and mask, uint8 `[h, w]`; do not alter them. Raises DataError naming the file."""
        pair = self._kept.get(number)
        if pair is None:
            frame, mask = self.frames[number].frame(), self.frames[number].mask()
            if self._scale == 2:
                frame, mask = halve_frame(frame), halve_mask(mask, self._classes)
            pair = (frame, mask)
            if self._free >= frame.nbytes + mask.nbytes:
                self._free -= frame.nbytes + mask.nbytes
                self._kept[number] = pair
        return pair


def halve_frame(frame: Grey) -> Grey:
    """Mean of each 2x2 pixels, as the exported graphs do."""
    height, width = frame.shape
    halved = cv2.resize(frame, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(halved, dtype=np.uint8)


def halve_mask(mask: Grey, classes: int) -> Grey:
    """A half-resolution pixel holds a class if at least two of its four pixels do."""
    half = np.zeros((mask.shape[0] // 2, mask.shape[1] // 2), np.uint8)
    for k in range(classes):
        plane = (mask >> k) & 1
        votes = plane[0::2, 0::2] + plane[1::2, 0::2] + plane[0::2, 1::2] + plane[1::2, 1::2]
        half |= ((votes >= 2) << k).astype(np.uint8)
    return half
