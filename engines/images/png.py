"""PNG, decoded by OpenCV, which refuses a file whose chunks' checksums or amount of data do not fit.

The chunks are looked at before: OpenCV (5.0) takes as much memory as a length says, up to 4 GiB, whatever the size of the file, and reads on
behind the end of a file without pixels, where it finds any length.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import cv2
import numpy as np

from engines.errors import BadFrameError
from engines.images.files import Source
from engines.images.opencv import decoded
from engines.images.picture import Picture, Values, damaged, one_frame

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY = 0
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
"""Bits that each colour type may have (PNG specification, table 11.1)."""
_MOST_CHUNKS = 4096
_AROUND = 12
"""Bytes of a chunk beside its data: length, type and checksum."""


@dataclass(frozen=True, slots=True)
class PngPicture(Picture):
    """A PNG; samples of less than 8 bits and palettes are widened to 8."""

    stored_bits: int
    colour_type: int

    def grey(self, data: bytes) -> Values:
        """See ``Picture``."""
        _check_chunks(data)
        return decoded(data, cv2.IMREAD_ANYDEPTH)

    def stored(self, data: bytes) -> Values:
        """See ``Picture``. Grey of 2 and 4 bits keeps its numbers (0..3, 0..15), for masks of class numbers."""
        _check_chunks(data)
        values = decoded(data, cv2.IMREAD_UNCHANGED)
        if self.colour_type == _GREY and self.stored_bits in (2, 4):
            return np.asarray(values // (255 // ((1 << self.stored_bits) - 1)), dtype=np.uint8)
        return values


def read_png(source: Source) -> PngPicture:
    """The header. Raises BadFrameError."""
    start = source.read(0, 33)
    if len(start) < 33 or not start.startswith(SIGNATURE) or start[12:16] != b"IHDR":
        raise damaged("PNG", source.size)
    width, height, bits, colour_type = struct.unpack(">IIBB", start[16:26])
    if bits not in _DEPTHS.get(colour_type, ()):
        raise BadFrameError(f"is a PNG of colour type {colour_type} and {bits} bits, which PNG does not have")
    one_frame(_animation_frames(source), "pictures (animated PNG)")
    depth = 16 if bits == 16 else 8
    return PngPicture("PNG", height, width, depth, (1 << depth) - 1, bits, colour_type)


def _check_chunks(data: bytes) -> None:
    """Raise BadFrameError where a chunk reaches beyond the file, the last one is missing, or there are no pixels."""
    at, pixels = len(SIGNATURE), False
    while at + _AROUND <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind = data[at + 4 : at + 8]
        if kind == b"IEND":
            if not pixels:
                raise damaged("PNG", len(data), "it holds no pixels")
            return
        pixels |= kind == b"IDAT"
        at += length + _AROUND
    raise damaged("PNG", len(data), "it ends within its chunks")


def _animation_frames(source: Source) -> int:
    """The number that an animation control chunk states, which stands before the picture; 1 without one."""
    at = 33
    for _ in range(_MOST_CHUNKS):
        start = source.read(at, 12)
        if len(start) < 12 or start[4:8] == b"IDAT":
            return 1
        if start[4:8] == b"acTL":
            return int.from_bytes(start[8:12], "big")
        at += 12 + int.from_bytes(start[:4], "big")
    raise damaged("PNG", source.size, f"more than {_MOST_CHUNKS} chunks before the picture")
