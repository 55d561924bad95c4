"""Pixel formats of cameras (PFNC codes): from the bytes of a frame to grey of 8 bits, by the rule that files are read by.

White is the largest value of the format's depth, or the camera's ``white_level``; 255 x value / white, rounded. Colour becomes
0.299 R + 0.587 G + 0.114 B. A Bayer mosaic is interpolated first (bilinear). What is not listed here is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.images.picture import grey_of_rgb
from engines.images.scaling import to_eight_bits
from inspector.errors import UserError

Bytes = NDArray[np.uint8]
Values = NDArray[np.generic]
_BAYER = {
    "RG": cv2.COLOR_BayerBG2GRAY,  # OpenCV names a mosaic by its second row, from the second column
    "GR": cv2.COLOR_BayerGB2GRAY,
    "GB": cv2.COLOR_BayerGR2GRAY,
    "BG": cv2.COLOR_BayerRG2GRAY,
}


@dataclass(frozen=True, slots=True)
class Layout:
    """How the values of a row lie in its bytes."""

    bits_stored: int
    """Bits that a pixel takes, over all its channels."""
    values: Callable[[Bytes], Values]
    """From whole groups of bytes to one value a pixel and channel, ``uint8`` or ``uint16``."""
    group_bytes: int = 1
    """Bytes of the smallest group that holds whole pixels."""
    channels: int = 1


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """A format that can be read."""

    name: str
    """As PFNC writes it."""
    bits: int
    """Depth of a value."""
    layout: Layout
    bayer: str = ""
    """First two colours of a Bayer mosaic's first row; empty where there is none."""
    blue_first: bool = False

    def row_bytes(self, width: int) -> int:
        """Bytes of a row of ``width`` px that begins and ends at a whole byte."""
        return -(-width * self.layout.bits_stored // 8)

    def frame_bytes(self, height: int, width: int) -> int:
        """Bytes of a frame without padding: rows follow one another without a gap, also within a byte."""
        return -(-height * width * self.layout.bits_stored // 8)

    def grey(self, data: Bytes, height: int, width: int, padding: int = 0, white: int | None = None) -> Bytes:
        """``uint8 [height, width]``, C-contiguous, from the bytes of a frame, with ``padding`` bytes at the end of each row.

        A view of ``data`` where nothing needs to be done (Mono8). Raises UserError where there are too few bytes.
        """
        values = self._values(data, height, width, padding)
        if self.bayer:
            values = np.asarray(cv2.cvtColor(np.asarray(values), _BAYER[self.bayer]))
        elif self.layout.channels == 3:
            values = grey_of_rgb(values[..., ::-1] if self.blue_first else values)
        depth_white = (1 << self.bits) - 1
        if self.bits == 8:
            return np.ascontiguousarray(values, np.uint8)
        return to_eight_bits(values, white or depth_white, False)

    def _values(self, data: Bytes, height: int, width: int, padding: int) -> Values:
        """``[height, width]``, or ``[height, width, 3]``."""
        layout = self.layout
        shape = (height, width) if layout.channels == 1 else (height, width, layout.channels)
        stride = self.row_bytes(width) + padding
        needed = stride * height if padding else self.frame_bytes(height, width)
        if data.size < needed:
            raise UserError(f"the camera sent {data.size} bytes; {height}x{width} pixels of {self.name} take {needed}")
        if not padding:
            count = height * width * layout.channels
            return layout.values(_whole_groups(data[:needed], layout.group_bytes))[:count].reshape(shape)
        rows = data[:needed].reshape(height, stride)[:, : self.row_bytes(width)]
        each = [layout.values(_whole_groups(row, layout.group_bytes))[: width * layout.channels] for row in rows]
        return np.stack(each).reshape(shape)


def pixel_format(code: int) -> PixelFormat:
    """The format with PFNC's ``code``. Raises UserError where it cannot be read."""
    found = _FORMATS.get(code & 0xFFFFFFFF)
    if found is None:
        raise UserError(f"its pixel format 0x{code & 0xFFFFFFFF:08x} cannot be read; expected {readable_formats()}")
    return found


def readable_formats() -> str:
    """The formats that can be read, for messages."""
    plain = [one.name for one in _FORMATS.values() if not one.bayer]
    return f"{', '.join(plain)} or BayerRG8 and other Bayer formats of 8 to 16 bits"


def _whole_groups(data: Bytes, group: int) -> Bytes:
    """``data`` filled up with zeros to whole groups."""
    missing = -data.size % group
    return np.concatenate((data, np.zeros(missing, np.uint8))) if missing else data


def _bytes(data: Bytes) -> Values:
    return data


def _words(data: Bytes) -> Values:
    """Little-endian words, the values in the low bits."""
    return np.ascontiguousarray(data).view("<u2").astype(np.uint16, copy=False)


def _packed_10(data: Bytes) -> Values:
    """GigE Vision: high bits of the first pixel, low bits of both (0..1 and 4..5), high bits of the second."""
    first, low, second = (data[start::3].astype(np.uint16) for start in range(3))
    return _interleaved(first << 2 | low & 3, second << 2 | low >> 4 & 3)


def _packed_12(data: Bytes) -> Values:
    """GigE Vision: high bits of the first pixel, low bits of both (0..3 and 4..7), high bits of the second."""
    first, low, second = (data[start::3].astype(np.uint16) for start in range(3))
    return _interleaved(first << 4 | low & 15, second << 4 | low >> 4)


def _dense_10(data: Bytes) -> Values:
    """PFNC ``p``: one stream of bits, the lowest first; 4 pixels in 5 bytes."""
    a, b, c, d, e = (data[start::5].astype(np.uint16) for start in range(5))
    return _interleaved(a | (b & 3) << 8, b >> 2 | (c & 15) << 6, c >> 4 | (d & 63) << 4, d >> 6 | e << 2)


def _dense_12(data: Bytes) -> Values:
    """PFNC ``p``: one stream of bits, the lowest first; 2 pixels in 3 bytes."""
    a, b, c = (data[start::3].astype(np.uint16) for start in range(3))
    return _interleaved(a | (b & 15) << 8, b >> 4 | c << 4)


def _interleaved(*pixels: Values) -> Values:
    return np.stack(pixels, axis=-1).astype(np.uint16, copy=False).reshape(-1)


_BYTE = Layout(8, _bytes)
_WORD = Layout(16, _words, 2)
_RGB = Layout(24, _bytes, 3, channels=3)
_PACKED_10, _PACKED_12 = Layout(12, _packed_10, 3), Layout(12, _packed_12, 3)
_DENSE_10, _DENSE_12 = Layout(10, _dense_10, 5), Layout(12, _dense_12, 3)

_FORMATS = {
    0x01080001: PixelFormat("Mono8", 8, _BYTE),
    0x01100003: PixelFormat("Mono10", 10, _WORD),
    0x010C0004: PixelFormat("Mono10Packed", 10, _PACKED_10),
    0x010A0046: PixelFormat("Mono10p", 10, _DENSE_10),
    0x01100005: PixelFormat("Mono12", 12, _WORD),
    0x010C0006: PixelFormat("Mono12Packed", 12, _PACKED_12),
    0x010C0047: PixelFormat("Mono12p", 12, _DENSE_12),
    0x01100025: PixelFormat("Mono14", 14, _WORD),
    0x01100007: PixelFormat("Mono16", 16, _WORD),
    0x02180014: PixelFormat("RGB8", 8, _RGB),
    0x02180015: PixelFormat("BGR8", 8, _RGB, blue_first=True),
}
for _bits, _suffix, _layout, _codes in (
    (8, "8", _BYTE, {"GR": 0x01080008, "RG": 0x01080009, "GB": 0x0108000A, "BG": 0x0108000B}),
    (10, "10", _WORD, {"GR": 0x0110000C, "RG": 0x0110000D, "GB": 0x0110000E, "BG": 0x0110000F}),
    (12, "12", _WORD, {"GR": 0x01100010, "RG": 0x01100011, "GB": 0x01100012, "BG": 0x01100013}),
    (16, "16", _WORD, {"GR": 0x0110002E, "RG": 0x0110002F, "GB": 0x01100030, "BG": 0x01100031}),
    (10, "10Packed", _PACKED_10, {"GR": 0x010C0026, "RG": 0x010C0027, "GB": 0x010C0028, "BG": 0x010C0029}),
    (12, "12Packed", _PACKED_12, {"GR": 0x010C002A, "RG": 0x010C002B, "GB": 0x010C002C, "BG": 0x010C002D}),
    (10, "10p", _DENSE_10, {"BG": 0x010A0052, "GB": 0x010A0054, "GR": 0x010A0056, "RG": 0x010A0058}),
    (12, "12p", _DENSE_12, {"BG": 0x010C0053, "GB": 0x010C0055, "GR": 0x010C0057, "RG": 0x010C0059}),
):
    for _first, _code in _codes.items():
        _FORMATS[_code] = PixelFormat(f"Bayer{_first}{_suffix}", _bits, _layout, bayer=_first)
