"""The bytes of a strip or tile of a TIFF, decompressed: all of them, or an error.

OpenCV tells of damage only in pictures of more than 8 bits; in others it leaves black what it could not decompress.
"""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Sequence

import cv2
import numpy as np

from engines.images.opencv import decoded

NONE, LZW, DEFLATE, OLD_DEFLATE, PACKBITS = 1, 5, 8, 32946, 32773
COMPRESSIONS = {NONE: "none", LZW: "LZW", DEFLATE: "Deflate", OLD_DEFLATE: "Deflate", PACKBITS: "PackBits"}


def decompress(pieces: Sequence[bytes], compression: int, sizes: Sequence[int], row_bytes: int) -> list[bytes]:
    """The first ``sizes`` bytes of strips or tiles whose rows have ``row_bytes``, in order; all but the last are of one size.

    Raises ValueError, zlib.error or cv2.error where there are not as many.
    """
    if compression == LZW:
        return _lzw_pieces(pieces, sizes, row_bytes)
    one = {NONE: _as_it_is, PACKBITS: _pack_bits}.get(compression, _inflate)
    out = [one(piece, size) for piece, size in zip(pieces, sizes, strict=True)]
    for found, size in zip(out, sizes, strict=True):
        if len(found) < size:
            raise ValueError(f"a strip of {len(found)} bytes; expected {size}")
    return out


def _as_it_is(strip: bytes, size: int) -> bytes:
    return strip[:size]


def _inflate(strip: bytes, size: int) -> bytes:
    inflater = zlib.decompressobj()
    # One byte more than needed, so that the checksum behind the last one is read.
    out = inflater.decompress(strip, size + 1)
    if len(out) == size and not inflater.eof:
        raise ValueError("a strip without its end")
    return out[:size]


def _pack_bits(strip: bytes, size: int) -> bytes:
    out = bytearray()
    at = 0
    while len(out) < size and at < len(strip):
        head = strip[at]
        if head < 128:
            out += strip[at + 1 : at + 2 + head]
            at += 2 + head
        elif head > 128:
            out += strip[at + 1 : at + 2] * (257 - head)
            at += 2
        else:
            at += 1
    return bytes(out[:size])


def _lzw_pieces(pieces: Sequence[bytes], sizes: Sequence[int], row_bytes: int) -> list[bytes]:
    """Decompressed by OpenCV, which is strict where the bytes are said to be 16-bit samples: all pieces at once where rows have an even
    number of bytes."""
    if row_bytes % 2:
        return [_lzw(piece, size) for piece, size in zip(pieces, sizes, strict=True)]
    content = _by_opencv(pieces, 16, row_bytes // 2, sum(sizes) // row_bytes, sizes[0] // row_bytes)
    starts = itertools.accumulate(sizes, initial=0)
    return [content[start : start + size] for start, size in zip(starts, sizes, strict=False)]


def _lzw(strip: bytes, size: int) -> bytes:
    """Any number of bytes. Of an odd number the last is decompressed as an 8-bit sample, that is without the check."""
    pairs, odd = divmod(size, 2)
    out = _by_opencv([strip], 16, pairs, 1, 1) if pairs else b""
    return out + _by_opencv([strip], 8, size, 1, 1)[-1:] if odd else out


def _by_opencv(strips: Sequence[bytes], bits: int, width: int, height: int, rows: int) -> bytes:
    """The bytes of LZW strips as the samples of a TIFF made of them; OpenCV refuses sides of more than 2^20."""
    tables_at = 8 + 2 + 9 * 12 + 4
    many = len(strips) > 1
    pixels_at = tables_at + (8 * len(strips) if many else 0)
    lengths = [len(strip) for strip in strips]
    offsets = [pixels_at + before for before in itertools.accumulate(lengths[:-1], initial=0)]
    numbers = ((256, width), (257, height), (258, bits), (259, LZW), (262, 1), (277, 1), (278, rows))
    entries = [(tag, 1, value) for tag, value in numbers]
    entries.append((273, len(strips), tables_at if many else offsets[0]))
    entries.append((279, len(strips), tables_at + 4 * len(strips) if many else lengths[0]))
    directory = b"".join(struct.pack("<HHII", tag, 4, count, value) for tag, count, value in sorted(entries))
    tables = struct.pack(f"<{2 * len(strips)}I", *offsets, *lengths) if many else b""
    wrapped = b"II*\0" + struct.pack("<IH", 8, len(entries)) + directory + bytes(4) + tables + b"".join(strips)
    return decoded(wrapped, cv2.IMREAD_UNCHANGED).astype(f"<u{bits // 8}", copy=False).tobytes()


def unpack_bits(data: bytes, rows: int, samples: int, bits: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
    """Rows of ``samples`` of 1..16 bits each, most significant bit first, every row beginning at a byte: ``uint16 [rows, samples]``."""
    stored = np.frombuffer(data, np.uint8).reshape(rows, -1)
    groups = -(-samples // 8)
    wide = np.zeros((rows, groups * bits + 2), np.uint32)
    wide[:, : stored.shape[1]] = stored
    out = np.empty((rows, groups, 8), np.uint16)
    for one in range(8):  # 8 samples fill ``bits`` bytes; each lies within three of them
        first, shift = divmod(one * bits, 8)
        last = first + (groups - 1) * bits + 1
        three = [wide[:, first + byte : last + byte : bits] << (16 - 8 * byte) for byte in range(3)]
        out[..., one] = ((three[0] | three[1] | three[2]) >> (24 - shift - bits)) & ((1 << bits) - 1)
    return out.reshape(rows, groups * 8)[:, :samples]
