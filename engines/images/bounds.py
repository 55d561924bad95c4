"""How large a picture and its file may be. The only place that says so."""

from __future__ import annotations

MOST_PIXELS = 1 << 26
"""67 megapixels: the largest picture that is decoded where no size is expected (data sets)."""

_BYTES_A_PIXEL = 24
"""The most that a pixel takes in any format: three 16-bit numbers of a plain PPM, 6 characters each, with room for line ends."""

_BYTES_BESIDE = 1 << 20
"""For what stands beside the pixels: tags, profiles, a thumbnail."""


def most_bytes(height: int, width: int) -> int:
    """The largest file that a frame of ``height`` x ``width`` px is read from."""
    return _BYTES_BESIDE + _BYTES_A_PIXEL * height * width
