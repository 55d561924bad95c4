"""BMP, decoded by OpenCV; kinds that can end early without a sign, or whose white is not 255, are refused."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import cv2

from engines.errors import BadFrameError
from engines.images.files import Source
from engines.images.opencv import decoded
from engines.images.picture import Picture, Values, damaged

_PLAIN, _BITFIELDS = 0, 3
_BITS = (1, 4, 8, 24, 32)


@dataclass(frozen=True, slots=True)
class BmpPicture(Picture):
    """An uncompressed BMP; palettes are applied, as grey BMPs have one."""

    def grey(self, data: bytes) -> Values:
        """See ``Picture``."""
        return decoded(data, cv2.IMREAD_ANYDEPTH)

    def stored(self, data: bytes) -> Values:
        """See ``Picture``."""
        return decoded(data, cv2.IMREAD_UNCHANGED)


def read_bmp(source: Source) -> BmpPicture:
    """The header. Raises BadFrameError."""
    start = source.read(0, 34)
    if len(start) < 26:
        raise damaged("BMP", source.size)
    (header_bytes,) = struct.unpack("<I", start[14:18])
    if header_bytes == 12:
        width, height, _, bits = struct.unpack("<HHHH", start[18:26])
        compression = _PLAIN
    elif len(start) < 34:
        raise damaged("BMP", source.size)
    else:
        width, height, _, bits, compression = struct.unpack("<iiHHI", start[18:34])
    if bits not in _BITS:
        raise BadFrameError(f"is a BMP of {bits} bits a pixel; expected 1, 4, 8, 24 or 32")
    if compression != _PLAIN and not (compression == _BITFIELDS and bits == 32):
        raise BadFrameError(f"is a BMP of compression {compression}; expected an uncompressed one")
    return BmpPicture("BMP", abs(height), width, 8, 255)
