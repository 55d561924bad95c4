"""WebP, decoded by OpenCV (libwebp), which gives nothing for data that end too early.

The file is a RIFF container (RFC 9649): its first chunk is the picture, lossy (``VP8 ``) or lossless (``VP8L``), or a header (``VP8X``) that
says what else there is.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2

from engines.errors import BadFrameError
from engines.images.files import Source
from engines.images.opencv import decoded
from engines.images.picture import Picture, Values, damaged

_ANIMATED = 0x02
_AROUND = 8
"""Bytes of the container before what its length counts."""


@dataclass(frozen=True, slots=True)
class WebpPicture(Picture):
    """A WebP of 8 bits a sample; grey ones are stored as colour."""

    length: int
    """Bytes that the file says it has."""

    def grey(self, data: bytes) -> Values:
        """See ``Picture``."""
        self._check(data)
        return decoded(data, cv2.IMREAD_GRAYSCALE)

    def stored(self, data: bytes) -> Values:
        """See ``Picture``."""
        self._check(data)
        return decoded(data, cv2.IMREAD_UNCHANGED)

    def _check(self, data: bytes) -> None:
        if len(data) < self.length:
            raise damaged("WebP", len(data), f"it says that it has {self.length} bytes")


def read_webp(source: Source) -> WebpPicture:
    """The header. Raises BadFrameError."""
    start = source.read(0, 30)
    kind = start[12:16]
    if len(start) < 30 or start[8:12] != b"WEBP":
        raise damaged("WebP", source.size)
    if kind == b"VP8X":
        if start[20] & _ANIMATED:
            raise BadFrameError("holds several pictures (animated WebP); expected one frame a file")
        width, height = (int.from_bytes(start[at : at + 3], "little") + 1 for at in (24, 27))
    elif kind == b"VP8L" and start[20] == 0x2F:
        bits = int.from_bytes(start[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 " and start[23:26] == b"\x9d\x01\x2a":
        width, height = (int.from_bytes(start[at : at + 2], "little") & 0x3FFF for at in (26, 28))
    else:
        raise damaged("WebP", source.size)
    length = int.from_bytes(start[4:8], "little") + _AROUND
    return WebpPicture("WebP", height, width, 8, 255, length)
