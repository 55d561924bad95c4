"""Decodes a recorded file to the grey pixels of a frame."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.files.looking import absence
from inspector.capture.replay.integrity import format_of, jpeg_is_whole
from inspector.capture.replay.listing import RAW_SUFFIX
from inspector.config.replay import RawFormat

_RAW_TYPES: dict[str, np.dtype[Any]] = {
    "uint8": np.dtype("u1"),
    "uint16": np.dtype("<u2"),
    "uint16_be": np.dtype(">u2"),
}

_AS_STORED = cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
"""One grey channel at the file's own depth. Colour becomes 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), so grey stored as RGB
keeps its values; alpha is dropped; an orientation tag is not obeyed, as a line's geometry is that of its sensor."""


class BadFrameError(Exception):
    """The file gives no usable frame; the message says why in one line, without the file's name."""


@dataclass(frozen=True, slots=True)
class Decoder:
    """Decodes one file at a time; shared by the decoding threads."""

    height: int
    width: int
    white_level: int = 65535
    """The 16-bit value that becomes 255."""
    raw: RawFormat | None = None

    def decode(self, path: Path) -> NDArray[np.uint8]:
        """The frame in ``path`` as ``uint8 [height, width]``, C-contiguous. Raises BadFrameError."""
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise BadFrameError(absence(path)) from None
        except (OSError, ValueError) as error:
            raise BadFrameError(f"cannot be read ({getattr(error, 'strerror', None) or error})") from None
        if not data:
            raise BadFrameError("is empty (0 bytes)")
        pixels = self._raw_pixels(data) if path.suffix.lower() == RAW_SUFFIX else _picture(data)
        if pixels.shape != (self.height, self.width):
            found, expected = _size(pixels.shape), _size((self.height, self.width))
            raise BadFrameError(f"is {found} pixels (height x width); expected {expected}")
        return self._eight_bit(pixels)

    def _raw_pixels(self, data: bytes) -> NDArray[np.generic]:
        if self.raw is None:
            raise BadFrameError("is a raw file, and the key raw does not say its dtype")
        dtype = _RAW_TYPES[self.raw.dtype]
        shape = (self.raw.height or self.height, self.raw.width or self.width)
        expected = self.raw.skip_bytes + shape[0] * shape[1] * dtype.itemsize
        if len(data) != expected:
            raise BadFrameError(f"has {len(data)} bytes; expected {expected} for {_size(shape)} {self.raw.dtype}")
        pixels: NDArray[np.generic] = np.frombuffer(data, dtype, offset=self.raw.skip_bytes)
        return pixels.reshape(shape)

    def _eight_bit(self, pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
        if pixels.dtype.itemsize == 1:
            return np.ascontiguousarray(pixels, dtype=np.uint8)
        native = pixels.astype(np.uint16, copy=False)
        # Rounds to nearest and saturates at 255.
        return np.asarray(cv2.convertScaleAbs(native, alpha=255.0 / self.white_level), dtype=np.uint8)


def _picture(data: bytes) -> NDArray[np.generic]:
    """A picture file's grey pixels, ``uint8`` or ``uint16 [h, w]``. Raises BadFrameError."""
    kind = format_of(data)
    if not kind:
        raise BadFrameError("is not a JPEG, PNG, BMP, TIFF or PGM file")
    if kind == "JPEG" and not jpeg_is_whole(data):
        raise BadFrameError(f"is a JPEG cut short after {len(data)} bytes: no end-of-image marker")
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), _AS_STORED)
    except cv2.error:
        picture = None
    if picture is None:
        raise BadFrameError(f"is a damaged or cut-short {kind} file ({len(data)} bytes)")
    if picture.dtype not in (np.uint8, np.uint16):
        raise BadFrameError(f"holds {picture.dtype} pixels; expected 8 or 16 bits")
    return np.asarray(picture)


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(str(one) for one in shape)
