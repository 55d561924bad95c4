"""The bytes of a strip or tile of a TIFF, decompressed: all of them, or an error.

OpenCV tells of damage only in pictures of more than 8 bits; in others it leaves black what it could not decompress.
"""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np

from engines.images.opencv import decoded

NONE, LZW, DEFLATE, OLD_DEFLATE, PACKBITS = 1, 5, 8, 32946, 32773
COMPRESSIONS = {NONE: "none", LZW: "LZW", DEFLATE: "Deflate", OLD_DEFLATE: "Deflate", PACKBITS: "PackBits"}
_WIDEST = 1 << 20
"""OpenCV refuses wider and higher pictures."""


def decompress(strip: bytes, compression: int, size: int) -> bytes:
    """The first ``size`` bytes of a strip. Raises ValueError, zlib.error or cv2.error where there are not as many."""
    if compression == NONE:
        out = strip[:size]
    elif compression == LZW:
        out = _lzw(strip, size)
    elif compression == PACKBITS:
        out = _pack_bits(strip, size)
    else:
        out = _inflate(strip, size)
    if len(out) < size:
        raise ValueError(f"a strip of {len(out)} bytes; expected {size}")
    return out


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


def _lzw(strip: bytes, size: int) -> bytes:
    """Decompressed by OpenCV, which is strict where the bytes are said to be 16-bit samples.

    Of an odd number of bytes the last is decompressed as an 8-bit sample, that is without the check.
    """
    pairs, odd = divmod(size, 2)
    out = _as_picture(strip, 16, pairs) if pairs else b""
    return out + _as_picture(strip, 8, size)[-1:] if odd else out


def _as_picture(strip: bytes, bits: int, samples: int) -> bytes:
    rows = -(-samples // _WIDEST)
    while samples % rows:
        rows += 1
    tags = (
        (256, samples // rows),
        (257, rows),
        (258, bits),
        (259, LZW),
        (262, 1),
        (273, 8 + 2 + 9 * 12 + 4),
        (277, 1),
        (278, rows),
        (279, len(strip)),
    )
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    wrapped = b"II*\0" + struct.pack("<IH", 8, len(tags)) + directory + bytes(4) + strip
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
