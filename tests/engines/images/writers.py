"""Image files written byte by byte, of kinds and with damage that no library writes."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]


def sheet(seed: int = 0, height: int = 20, width: int = 37) -> NDArray[np.int64]:
    """A textured sheet, values 0..1 in steps of 1/65535 as ``int64 [height, width]`` of 0..65535; both extremes are in it."""
    values = np.random.default_rng(seed).integers(0, 65536, (height, width))
    values.flat[:2] = 0, 65535
    return values


def encoded(suffix: str, pixels: Pixels, *options: int) -> bytes:
    """What OpenCV writes."""
    done, data = cv2.imencode(suffix, pixels, options)
    assert done
    return bytes(data.tobytes())


def packed(values: Pixels, bits: int, order: str) -> bytes:
    """Rows of samples of any number of bits, each row beginning at a byte."""
    if bits in (8, 16):
        return values.astype(f"{order}u{bits // 8}").tobytes()
    rows = values.reshape(len(values), -1).astype(np.uint32)
    places = np.arange(bits - 1, -1, -1)
    return b"".join(np.packbits((row[:, None] >> places & 1).astype(np.uint8)).tobytes() for row in rows)


def pack_bits(data: bytes) -> bytes:
    """PackBits of runs that repeat and runs that do not."""
    out, at = b"", 0
    while at < len(data):
        same = 1
        while same < 128 and data[at : at + 1] == data[at + same : at + same + 1]:
            same += 1
        if same > 1:
            out, at = out + bytes([257 - same]) + data[at : at + 1], at + same
        else:
            out, at = out + b"\0" + data[at : at + 1], at + 1
    return out


_COMPRESS: dict[int, Callable[[bytes], bytes]] = {
    1: lambda data: data,
    8: zlib.compress,
    32946: zlib.compress,
    32773: pack_bits,
}


@dataclass(frozen=True)
class Tiff:
    """How to write one."""

    bits: int = 8
    photometric: int | None = 1
    compression: int = 1
    order: str = "<"
    big: bool = False
    rows_per_strip: int = 7
    tile: int = 0
    tags: Mapping[int, tuple[int, Sequence[int]]] = field(default_factory=dict)
    """More tags, or others: type and values."""
    mangle: Callable[[bytes], bytes] = lambda data: data
    """Done to every strip after it was compressed."""

    def write(self, values: Pixels, *following: tuple[Tiff, Pixels]) -> bytes:
        """A file of ``[height, width]`` or ``[height, width, channels]``, and of more pages in the same byte order."""
        out = (b"II" if self.order == "<" else b"MM") + self._numbers(
            "HHHQ" if self.big else "HI", *((43, 8, 0, 16) if self.big else (42, 8))
        )
        pages = ((self, values), *following)
        for page, (form, shown) in enumerate(pages, 1):
            out += form._page(shown, len(out), page == len(pages))
        return out

    def _page(self, values: Pixels, at: int, is_last: bool) -> bytes:
        pieces = [
            self.mangle(_COMPRESS[self.compression](packed(one, self.bits, self.order))) for one in self._cut(values)
        ]
        entries = self._entries(values, pieces)
        count_letter, offset_letter, room = ("Q", "Q", 8) if self.big else ("H", "I", 4)
        directory_bytes = struct.calcsize("=" + count_letter) + len(entries) * (20 if self.big else 12) + room
        beside_at = at + directory_bytes
        sizes = {tag: struct.calcsize(f"={len(numbers)}{'_BsHI'[kind]}") for tag, (kind, numbers) in entries.items()}
        pixels_at = beside_at + sum(size for size in sizes.values() if size > room)
        offsets = [pixels_at + sum(len(one) for one in pieces[:number]) for number in range(len(pieces))]
        entries[324 if self.tile else 273] = (4, offsets)
        directory, beside = self._numbers(count_letter, len(entries)), b""
        for tag, (kind, numbers) in sorted(entries.items()):
            content = self._numbers(f"{len(numbers)}{'_BsHI'[kind]}", *numbers)
            if len(content) > room:
                place, beside = self._numbers(offset_letter, beside_at + len(beside)), beside + content
            else:
                place = content.ljust(room, b"\0")
            directory += self._numbers("HH" + offset_letter, tag, kind, len(numbers)) + place
        end = pixels_at + sum(len(one) for one in pieces)
        return directory + self._numbers(offset_letter, 0 if is_last else end) + beside + b"".join(pieces)

    def _cut(self, values: Pixels) -> list[Pixels]:
        height, width = values.shape[:2]
        if not self.tile:
            return [values[top : top + self.rows_per_strip] for top in range(0, height, self.rows_per_strip)]
        beyond = [(0, -height % self.tile), (0, -width % self.tile), *[(0, 0)] * (values.ndim - 2)]
        wide = np.pad(values, beyond)
        tops, lefts = range(0, height, self.tile), range(0, width, self.tile)
        return [wide[top : top + self.tile, left : left + self.tile] for top in tops for left in lefts]

    def _entries(self, values: Pixels, pieces: Sequence[bytes]) -> dict[int, tuple[int, Sequence[int]]]:
        channels = values.shape[2] if values.ndim == 3 else 1
        entries: dict[int, tuple[int, Sequence[int]]] = {
            256: (4, [values.shape[1]]),
            257: (4, [values.shape[0]]),
            258: (3, [self.bits] * channels),
            259: (3, [self.compression]),
            277: (3, [channels]),
        }
        if self.photometric is not None:
            entries[262] = (3, [self.photometric])
        lengths = [len(one) for one in pieces]
        if self.tile:
            entries |= {322: (3, [self.tile]), 323: (3, [self.tile]), 324: (4, lengths), 325: (4, lengths)}
        else:
            entries |= {273: (4, lengths), 278: (3, [self.rows_per_strip]), 279: (4, lengths)}
        return entries | dict(self.tags)

    def _numbers(self, letters: str, *numbers: int) -> bytes:
        return struct.pack(self.order + letters, *numbers)


def png(values: Pixels, bits: int = 8, colour_type: int = 0, before: bytes = b"", chunk_bytes: int = 1 << 20) -> bytes:
    """A PNG of any depth; ``before`` are chunks that stand before the picture, whose own chunks have ``chunk_bytes`` each."""
    height, width = values.shape[:2]
    rows = b"".join(b"\0" + packed(row[None], bits, ">") for row in values)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0))
    data = zlib.compress(rows)
    pieces = [chunk(b"IDAT", data[at : at + chunk_bytes]) for at in range(0, len(data), chunk_bytes)]
    return b"\x89PNG\r\n\x1a\n" + header + before + b"".join(pieces) + chunk(b"IEND", b"")


def chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def pgm(values: Pixels, maxval: int, plain: bool = False, comment: bytes = b"") -> bytes:
    """PGM, or PPM of three channels."""
    height, width = values.shape[:2]
    digit = (2 if plain else 5) + (values.ndim == 3)
    header = b"P%d\n%s%d %d\n%d\n" % (digit, comment, width, height, maxval)
    if plain:
        return (
            header + comment + b"\n".join(b" ".join(b"%d" % value for value in row.ravel()) for row in values) + b"\n"
        )
    return header + values.astype(">u2" if maxval > 255 else "u1").tobytes()
