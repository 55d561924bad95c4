"""JPEG. The entropy-coded data have no checksum, but a decoder notices most damage to them, such as data that end too early.

libjpeg only warns of it and fills the rest with grey, and OpenCV hides the warning. Here a warning is an error, which simplejpeg (the
same libjpeg-turbo) reports for the one call, whatever other threads decode. Of 9,000 real frames that were cut anywhere, with zeros or
nothing before the end marker, one was not noticed. A single changed bit mostly is not: the codes behind it fit again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import simplejpeg

from engines.errors import BadFrameError
from engines.images.files import Source
from engines.images.picture import Picture, Values, damaged, one_frame

_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of the headers that hold the size (ITU-T T.81, table B.1)."""
_START_OF_SCAN, _END = 0xDA, 0xD9
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers without a length."""
_WITHIN_SCAN = frozenset({0x00, *range(0xD0, 0xD8)})
"""What follows every FF in a scan's data: 00, or a restart marker."""
_MOST_SEGMENTS = 4096
_MOST_COUNTED = 1000
_MOST_SCANS = 100
"""More are of no use for 8 bits, and each costs a pass over the picture."""


@dataclass(frozen=True, slots=True)
class JpegPicture(Picture):
    """A JPEG of 8 bits a sample."""

    components: int

    def grey(self, data: bytes) -> Values:
        """See ``Picture``."""
        return self._decoded(data, "GRAY")[..., 0]

    def stored(self, data: bytes) -> Values:
        """See ``Picture``."""
        return self.grey(data) if self.components == 1 else self._decoded(data, "RGB")

    def _decoded(self, data: bytes, space: str) -> Values:
        end = _end(data, 0)
        if end is None:
            raise BadFrameError(f"is a JPEG cut short after {len(data)} bytes: no end-of-image marker")
        one_frame(_count(data, end), "pictures")
        try:
            return np.asarray(simplejpeg.decode_jpeg(data, space, strict=True))
        except ValueError as error:
            raise BadFrameError(f"is a damaged JPEG: {str(error).removeprefix('Corrupt JPEG data: ')}") from None


def read_jpeg(source: Source) -> JpegPicture:
    """The header. Raises BadFrameError."""
    at = 2
    for _ in range(_MOST_SEGMENTS):
        start = source.read(at, 10)
        if len(start) < 10 or start[0] != 0xFF or start[1] == _START_OF_SCAN:
            break
        marker = start[1]
        if marker == 0xFF:
            at += 1
        elif marker in _ALONE:
            at += 2
        elif marker in _FRAME_HEADERS:
            return _picture(start[4], start[5:7], start[7:9], start[9])
        else:
            at += 2 + int.from_bytes(start[2:4], "big")
    raise damaged("JPEG", source.size)


def _picture(bits: int, height: bytes, width: bytes, components: int) -> JpegPicture:
    if bits != 8:
        raise BadFrameError(f"is a JPEG of {bits} bits a sample; expected 8")
    if components not in (1, 3):
        raise BadFrameError(f"is a JPEG of {components} components (CMYK has 4); expected grey or RGB")
    return JpegPicture("JPEG", int.from_bytes(height, "big"), int.from_bytes(width, "big"), 8, 255, components)


def _end(data: bytes, start: int) -> int | None:
    """Offset behind the end-of-image marker of the JPEG at ``start``; None where its segments do not lead to one.

    Thumbnails within segments have end markers of their own, so segments are followed one by one.
    """
    at, scans = start + 2, 0
    while at + 2 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == _END:
            return at + 2
        if marker == 0xFF:
            at += 1
            continue
        if marker in _ALONE:
            at += 2
            continue
        at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
        if marker == _START_OF_SCAN:
            scans += 1
            if scans > _MOST_SCANS:
                raise BadFrameError(f"is a JPEG of more than {_MOST_SCANS} scans")
            at = _end_of_scan(data, at)
    return None


def _end_of_scan(data: bytes, at: int) -> int:
    """Offset of the marker behind a scan's data; that of the end of ``data`` without one."""
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        following = data[at + 1]
        if following in _WITHIN_SCAN:
            at += 2
        elif following == 0xFF:
            at += 1
        else:
            return at
    return len(data)


def _count(data: bytes, end: int) -> int:
    """How many whole JPEGs there are one after the other (MPO, Motion JPEG), the first of which ends at ``end``."""
    number, at = 1, end
    for _ in range(_MOST_COUNTED):
        at = data.find(b"\xff\xd8\xff", at)
        if at < 0:
            break
        following = _end(data, at)
        number += following is not None
        at = following or at + 2
    return number
