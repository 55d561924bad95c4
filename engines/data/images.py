"""Image files of a data set, read by the line's own decoder: their pixels, and their size without decoding them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.errors import BadFrameError, DataError
from engines.images.decoder import Decoder, Samples

AS_STATED = Decoder()
"""Frames of any size, their white as their files state it."""

Grey = NDArray[np.uint8]
"""``uint8 [H, W]``."""

Size = tuple[int, int]
"""Height and width, px."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How frames of any size become frames of one size."""

    height: int
    width: int
    way: Literal["stretch", "pad"]
    """Stretch each side on its own, or keep the proportions and fill up with black at the right and the bottom."""

    def frame(self, pixels: Grey) -> Grey:
        """``uint8 [height, width]``, averaged where it shrinks."""
        height, width = self._inner(pixels.shape[0], pixels.shape[1])
        shrinks = height < pixels.shape[0] or width < pixels.shape[1]
        return self._placed(pixels, height, width, cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)

    def mask(self, mask: Grey) -> Grey:
        """``uint8 [height, width]``: every pixel has the classes of its nearest, so that bits never mix."""
        height, width = self._inner(mask.shape[0], mask.shape[1])
        return self._placed(mask, height, width, cv2.INTER_NEAREST_EXACT)

    def _inner(self, height: int, width: int) -> Size:
        if self.way == "stretch":
            return self.height, self.width
        scale = min(self.height / height, self.width / width)
        return max(1, min(self.height, round(height * scale))), max(1, min(self.width, round(width * scale)))

    def _placed(self, pixels: Grey, height: int, width: int, interpolation: int) -> Grey:
        resized = cv2.resize(pixels, (width, height), interpolation=interpolation)
        if (height, width) == (self.height, self.width):
            return np.asarray(resized, dtype=np.uint8)
        whole = np.zeros((self.height, self.width), np.uint8)
        whole[:height, :width] = resized
        return whole


def read_grey(path: Path, decoder: Decoder = AS_STATED) -> Grey:
    """The pixels of an image file as grey ``uint8 [H, W]``, as the line reads it. Raises DataError naming the file."""
    return read_samples(path, decoder).grey()


def read_samples(path: Path, decoder: Decoder) -> Samples:
    """The grey samples of an image file at its own depth. Raises DataError naming the file."""
    with _named(path):
        return decoder.samples(path)


def read_stored(path: Path) -> NDArray[np.generic]:
    """The pixels of an image file as they are stored, for masks. Raises DataError naming the file."""
    with _named(path):
        return AS_STATED.stored(path)


def image_size(path: Path, decoder: Decoder = AS_STATED) -> Size:
    """Height and width of an image file, from its header. Raises DataError naming the file."""
    with _named(path):
        return decoder.size(path)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except BadFrameError as error:
        raise DataError(f"{path}: {error}; replace it or leave it out") from None
