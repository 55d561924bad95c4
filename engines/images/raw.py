"""Pictures in raw files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from engines.errors import BadFrameError
from engines.images.picture import Picture, Values, by_size
from engines.images.raw_format import RawFormat, RawType

_TYPES: dict[RawType, np.dtype[Any]] = {
    "uint8": np.dtype("u1"),
    "uint16": np.dtype("<u2"),
    "uint16_be": np.dtype(">u2"),
}


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
