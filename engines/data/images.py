"""Image files of a data set: their pixels, and their size without decoding them."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.errors import DataError

Grey = NDArray[np.uint8]
"""``uint8 [H, W]``."""

Size = tuple[int, int]
"""Height and width, px."""

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"})

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG, _JPEG_END = b"\xff\xd8", b"\xff\xd9"
_TAIL = 4096
"""Bytes in which a JPEG's end is looked for; some writers add a little behind it."""
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of JPEG's frame headers, which hold the size (ITU-T T.81, table B.1)."""


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


def read_grey(path: Path) -> Grey:
    """The pixels of an image file as grey ``uint8 [H, W]``. Raises DataError naming the file."""
    return _decoded(path, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION)


def read_stored(path: Path) -> NDArray[np.generic]:
    """The pixels of an image file as they are stored. Raises DataError naming the file."""
    return _decoded(path, cv2.IMREAD_UNCHANGED)


def _decoded(path: Path, flags: int) -> Grey:
    try:
        data = np.fromfile(path, np.uint8)
        image = cv2.imdecode(data, flags) if data.size else None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    except cv2.error:
        image = None
    if image is None:
        raise DataError(f"{path}: is no readable image; replace it or leave it out")
    if data[:2].tobytes() == _JPEG and _JPEG_END not in data[-_TAIL:].tobytes():
        raise DataError(f"{path}: is cut short; replace it or leave it out")  # some decoders fill up with grey
    return np.asarray(image)


def image_size(path: Path) -> Size:
    """Height and width of an image file, from its header where that is PNG or JPEG. Raises DataError naming the file."""
    try:
        with path.open("rb") as file:
            size = _header_size(file)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    except struct.error:
        size = None
    if size is None:
        height, width = read_grey(path).shape
        return height, width
    return size


def _header_size(file: BinaryIO) -> Size | None:
    start = file.read(24)
    if start.startswith(_PNG):
        width, height = struct.unpack(">II", start[16:24])
        return height, width
    if not start.startswith(_JPEG):
        return None
    file.seek(2)
    while True:
        lead, marker = struct.unpack(">BB", file.read(2))
        if lead != 0xFF or marker == 0xDA:
            return None
        if marker == 0xFF:  # a fill byte
            file.seek(-1, 1)
            continue
        (length,) = struct.unpack(">H", file.read(2))
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack(">xHH", file.read(5))
            return (height, width) if height and width else None
        file.seek(length - 2, 1)
