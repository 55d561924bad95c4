"""Raw files: pixels without a header, described elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from engines.errors import BadFrameError
from engines.images.picture import Picture, Values, by_size

RawType = Literal["uint8", "uint16", "uint16_be"]

_TYPES: dict[RawType, np.dtype[Any]] = {
    "uint8": np.dtype("u1"),
    "uint16": np.dtype("<u2"),
    "uint16_be": np.dtype(">u2"),
}


class RawFormat(Protocol):
    """What a raw file holds: rows from the top, one grey value per pixel."""

    @property
    def dtype(self) -> RawType:
        """Type of a pixel."""

    @property
    def height(self) -> int | None:
        """Rows; None: as expected of the frame."""

    @property
    def width(self) -> int | None:
        """Columns; None: as expected of the frame."""

    @property
    def skip_bytes(self) -> int:
        """Bytes of a header before the first pixel."""


@dataclass(frozen=True, slots=True)
class RawPicture(Picture):
    """A raw file that has exactly the bytes of its format."""

    dtype: np.dtype[Any]
    skip_bytes: int

    def grey(self, data: bytes) -> Values:
        """See ``Picture``."""
        values: Values = np.frombuffer(data, self.dtype, self.height * self.width, self.skip_bytes)
        return values.reshape(self.height, self.width).astype(self.dtype.newbyteorder("="), copy=False)

    def stored(self, data: bytes) -> Values:
        """See ``Picture``."""
        return self.grey(data)


def raw_picture(raw: RawFormat | None, size: int, height: int | None, width: int | None) -> RawPicture:
    """The picture in a raw file of ``size`` bytes, of a frame expected as ``height`` x ``width``. Raises BadFrameError."""
    if raw is None:
        raise BadFrameError("is a raw file, and the key raw does not say its dtype")
    height, width = raw.height or height, raw.width or width
    if height is None or width is None:
        raise BadFrameError("is a raw file, and the key raw does not say its height and width")
    dtype = _TYPES[raw.dtype]
    expected = raw.skip_bytes + height * width * dtype.itemsize
    if size != expected:
        raise BadFrameError(f"has {size} bytes; expected {expected} for {by_size((height, width))} {raw.dtype}")
    bits = 8 * dtype.itemsize
    return RawPicture("raw", height, width, bits, (1 << bits) - 1, dtype, raw.skip_bytes)
