"""Encodes pictures, masks and thumbnails, with one thread.

PNG: each pixel is predicted from those to its left and above, and the rest is coded by Huffman codes alone. A camera's noise repeats nothing
that the usual search for repetitions would find: at 256 x 1600 this takes 2.4 ms for 214 KiB, zlib's level 9 37 ms for 218 KiB
(`docs/archive-line.md`).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from inspector.archive.entry import Format

_THUMBNAIL_QUALITY = 80
_LOSSLESS = 101
"""The quality of a WebP with which OpenCV writes it without loss."""
# Pixels are predicted (the filter) since OpenCV 4.12; before, they are from their left neighbours.
_PNG_FILTER, _AVERAGE = (getattr(cv2, name, None) for name in ("IMWRITE_PNG_FILTER", "IMWRITE_PNG_FILTER_AVG"))
_PNG: list[int] = [
    cv2.IMWRITE_PNG_COMPRESSION,
    1,
    cv2.IMWRITE_PNG_STRATEGY,
    cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY,
    *(() if _PNG_FILTER is None or _AVERAGE is None else (_PNG_FILTER, _AVERAGE)),
]
_MASK_PNG: list[int] = [
    cv2.IMWRITE_PNG_COMPRESSION,
    1,
    cv2.IMWRITE_PNG_STRATEGY,
    cv2.IMWRITE_PNG_STRATEGY_RLE,
]


def picture(pixels: NDArray[np.uint8], kind: Format, quality: int) -> bytes:
    """A file of that format with ``pixels``, uint8 [H, W]; ``quality`` is that of a JPEG. Raises ValueError where it cannot be encoded."""
    if kind == "png":
        return _encoded(".png", pixels, _PNG)
    if kind == "webp":
        return _encoded(".webp", pixels, [cv2.IMWRITE_WEBP_QUALITY, _LOSSLESS])
    return _encoded(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])


def mask_picture(mask: NDArray[np.uint8]) -> bytes:
    """A PNG of a class bitmask, uint8 [H, W]."""
    return _encoded(".png", mask, _MASK_PNG)


def thumbnail(pixels: NDArray[np.uint8], longer_px: int) -> bytes:
    """A JPEG of the picture, its longer side at most so long."""
    height, width = pixels.shape
    factor = min(1.0, longer_px / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    small = pixels if factor == 1.0 else cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return _encoded(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _THUMBNAIL_QUALITY])


def _encoded(suffix: str, pixels: NDArray[np.uint8] | cv2.typing.MatLike, parameters: Sequence[int]) -> bytes:
    try:
        done, data = cv2.imencode(suffix, pixels, parameters)
    except cv2.error as error:
        raise ValueError(f"no {suffix[1:]} of {pixels.shape[0]} x {pixels.shape[1]} pixels ({error.err})") from None
    if not done:
        raise ValueError(f"no {suffix[1:]} of {pixels.shape[0]} x {pixels.shape[1]} pixels")
    return data.tobytes()
