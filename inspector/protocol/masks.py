"""Run-length encoding of class bitmasks, for messages and the journal.

A mask is ``uint8 [height, width]``: bit k (value ``1 << k``) of a pixel is set where the pixel belongs to class k. Encoded
it is a sequence of runs over the pixels in row-major order (row 0 from left to right, then row 1, and so on; a run may go
on into the next row). A run is 8 bytes: two unsigned 32-bit integers, little-endian,

    offset 0   length   how many pixels in a row have the value, 1 or more
    offset 4   value    the bitmask all of them have, 0..255

The lengths of all runs add up to exactly ``height * width``. One exception: a mask in which no pixel is set is no bytes at
all. The encoder gives neighbouring runs different values, so that a mask has one encoding; a decoder need not check that.

A decoder for any language, here in plain Python:

    pixels = bytearray()
    for offset in range(0, len(data), 8):
        length, value = struct.unpack_from("<II", data, offset)
        pixels += bytes([value]) * length
    pixels = pixels or bytearray(height * width)
    # pixel (x, y) belongs to class k where pixels[y * width + x] >> k & 1
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RUN_BYTES = 8
"""Size of one encoded run."""


def encode(mask: NDArray[np.uint8]) -> bytes:
    """The runs of ``mask`` (uint8 ``[H, W]``); at most 8 bytes a pixel, empty where no pixel is set.

    Raises ValueError for another shape or dtype.
    """
    if mask.ndim != 2 or mask.dtype != np.uint8:
        raise ValueError(f"a mask is uint8 [height, width], not {mask.dtype} {list(mask.shape)}")
    if not mask.any():
        return b""
    pixels = mask.ravel()
    starts = np.concatenate(([0], np.flatnonzero(pixels[1:] != pixels[:-1]) + 1))
    runs = np.empty((len(starts), 2), dtype="<u4")
    runs[:-1, 0] = np.diff(starts)
    runs[-1, 0] = pixels.size - starts[-1]
    runs[:, 1] = pixels[starts]
    return runs.tobytes()


def decode(data: bytes, height: int, width: int) -> NDArray[np.uint8]:
    """The mask (uint8 ``[height, width]``, writable) that ``data`` encodes.

    Memory is bounded by the length of ``data`` and the geometry, whatever the bytes say. Raises ValueError for bytes that
    are not whole runs, an empty run, a value above 255, or lengths that do not add up to ``height * width``.
    """
    if height < 1 or width < 1:
        raise ValueError(f"a mask has at least one pixel, not {height} x {width}")
    if not data:
        return np.zeros((height, width), dtype=np.uint8)
    if len(data) % RUN_BYTES:
        raise ValueError(f"an encoded mask is whole runs of {RUN_BYTES} bytes, not {len(data)} bytes")
    runs = np.frombuffer(data, dtype="<u4").reshape(-1, 2)
    if len(runs) > height * width:
        raise ValueError(f"{len(runs)} runs cannot share the {height * width} pixels of a {height} x {width} mask")
    lengths, values = runs[:, 0], runs[:, 1]
    if not lengths.all():
        raise ValueError("an encoded mask holds a run of no pixels")
    if values.max() > 255:
        raise ValueError(f"an encoded mask holds the value {values.max()}; a bitmask of 8 classes ends at 255")
    total = int(lengths.sum(dtype=np.uint64))
    if total != height * width:
        raise ValueError(f"the runs cover {total} pixels of a {height} x {width} mask; expected {height * width}")
    return np.repeat(values.astype(np.uint8), lengths).reshape(height, width)
