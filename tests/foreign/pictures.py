"""Image files: formats x depths x sizes x damage."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.generic]

SIZES = ((1, 1), (32, 48), (48, 32), (7, 13), (300, 200), (2000, 3000))
BOMB_AT = 100
"""Number of the one file that is small and whose picture is not."""
EXPECTED = (32, 48)
"""The size that the line's decoder is asked for."""


def encoded(rng: np.random.Generator) -> tuple[str, bytes]:
    """A sound picture of a random kind: its suffix and its bytes."""
    height, width = SIZES[rng.choice(len(SIZES), p=(0.1, 0.45, 0.1, 0.2, 0.12, 0.03))]
    name = sorted(_WRITERS)[rng.integers(len(_WRITERS))]
    suffix = name.split()[0]
    values = cv2.GaussianBlur(rng.integers(0, 65536, (height, width), dtype=np.uint16), (5, 5), 2)
    return f".{suffix}", _WRITERS[name](np.asarray(values), rng)


def damaged(data: bytes, rng: np.random.Generator) -> tuple[str, bytes]:
    """The bytes with a random damage, or none, and its name."""
    name = sorted(_DAMAGES)[rng.integers(len(_DAMAGES))]
    return name, _DAMAGES[name](data, rng)


def _cv(
    suffix: str, *flags: int, deep: bool = False, colour: bool = False
) -> Callable[[Pixels, np.random.Generator], bytes]:
    def write(values: Pixels, _: np.random.Generator) -> bytes:
        image = values if deep else (values >> 8).astype(np.uint8)
        if colour:
            image = np.dstack([image, image, image])
        return bytes(cv2.imencode(suffix, image, list(flags))[1])

    return write


def _netpbm(magic: str, maxval: int) -> Callable[[Pixels, np.random.Generator], bytes]:
    def write(values: Pixels, _: np.random.Generator) -> bytes:
        height, width = values.shape
        scaled = (values.astype(np.uint64) * maxval // 65535).astype(np.uint64)
        channels = 3 if magic in ("P3", "P6") else 1
        header = f"{magic}\n# made\n{width} {height}\n" + ("" if magic in ("P1", "P4") else f"{maxval}\n")
        if magic in ("P1", "P2", "P3"):
            rows = "\n".join(" ".join(str(v) for v in np.repeat(row, channels)) for row in scaled.tolist())
            return (header + rows + "\n").encode()
        if magic == "P4":
            return header.encode() + np.packbits(scaled.astype(np.uint8) & 1, axis=1).tobytes()
        kind = ">u2" if maxval > 255 else "u1"
        return header.encode() + np.repeat(scaled, channels, axis=1).astype(kind).tobytes()

    return write


def _tiff(
    bits: int, order: str, photometric: int, compression: int, pages: int = 1, big: bool = False
) -> Callable[[Pixels, np.random.Generator], bytes]:
    def write(values: Pixels, _: np.random.Generator) -> bytes:
        height, width = values.shape
        if bits == 12:
            twelve = (values >> 4).astype(np.uint32)
            if width % 2:
                twelve = np.pad(twelve, ((0, 0), (0, 1)))
            pair = (twelve[:, 0::2] << 12) | twelve[:, 1::2]
            strip = np.stack([pair >> 16, pair >> 8 & 255, pair & 255], -1).astype(np.uint8)
            data = strip.reshape(height, -1)[:, : (width * 12 + 7) // 8].tobytes()
        elif bits == 16:
            data = values.astype(f"{order}u2").tobytes()
        elif bits == 32:
            data = values.astype(f"{order}f4").tobytes()
        elif bits == 8:
            data = (values >> 8).astype(np.uint8).tobytes()
        else:
            data = np.packbits((values >> 15).astype(np.uint8), axis=1).tobytes()
        if compression == 8:
            data = zlib.compress(data)
        return _tiff_file(order, big, [(width, height, bits, photometric, compression, data)] * pages)

    return write


def _tiff_file(order: str, big: bool, pages: list[tuple[int, int, int, int, int, bytes]]) -> bytes:
    mark = b"II" if order == "<" else b"MM"
    offset, count_kind, entry = ("Q", "Q", "HHQQ") if big else ("I", "H", "HHII")
    head = struct.calcsize(f"={offset}") + (8 if big else 4)
    blocks, at, places = [], head, []
    for page in pages:
        places.append(at)
        blocks.append(page[5])
        at += len(page[5])
    chain, first = b"", at
    for number, (width, height, bits, photometric, compression, data) in enumerate(pages):
        tags = [(256, width), (257, height), (258, bits), (259, compression), (262, photometric), (273, places[number]),
                (277, 1), (278, height), (279, len(data)), (339, 3 if bits == 32 else 1)]  # fmt: skip
        size = struct.calcsize(f"={count_kind}") + len(tags) * (20 if big else 12) + struct.calcsize(f"={offset}")
        after = first + len(chain) + size if number + 1 < len(pages) else 0
        table = struct.pack(f"{order}{count_kind}", len(tags))
        table += b"".join(struct.pack(f"{order}{entry}", tag, 16 if big else 4, 1, value) for tag, value in tags)
        chain += table + struct.pack(f"{order}{offset}", after)
    version = struct.pack(f"{order}HHHQ", 43, 8, 0, first) if big else struct.pack(f"{order}HI", 42, first)
    return mark + version + b"".join(blocks) + chain


def _progressive(values: Pixels, _: np.random.Generator) -> bytes:
    return bytes(cv2.imencode(".jpg", (values >> 8).astype(np.uint8), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1])


_WRITERS: dict[str, Callable[[Pixels, np.random.Generator], bytes]] = {
    "jpg": _cv(".jpg"),
    "jpg colour": _cv(".jpg", colour=True),
    "jpeg progressive": _progressive,
    "jpg restarts": _cv(".jpg", cv2.IMWRITE_JPEG_RST_INTERVAL, 2),
    "png 8": _cv(".png"),
    "png 16": _cv(".png", deep=True),
    "png colour": _cv(".png", colour=True),
    "png colour 16": _cv(".png", deep=True, colour=True),
    "png 1": _cv(".png", cv2.IMWRITE_PNG_BILEVEL, 1),
    "bmp": _cv(".bmp"),
    "bmp colour": _cv(".bmp", colour=True),
    "tif 8": _tiff(8, "<", 1, 1),
    "tif 8 inverse": _tiff(8, ">", 0, 1),
    "tif 12": _tiff(12, "<", 1, 1),
    "tif 16": _tiff(16, "<", 1, 1),
    "tif 16 big-endian": _tiff(16, ">", 1, 1),
    "tif 16 inverse": _tiff(16, "<", 0, 8),
    "tif 16 BigTIFF": _tiff(16, "<", 1, 1, big=True),
    "tif 3 pages": _tiff(16, ">", 1, 8, pages=3),
    "tif float": _tiff(32, "<", 1, 1),
    "tif 1": _tiff(1, "<", 1, 1),
    "tif lzw": _cv(".tif", deep=True),
    "pgm 255": _netpbm("P5", 255),
    "pgm 100": _netpbm("P5", 100),
    "pgm 4095": _netpbm("P5", 4095),
    "pgm 65535": _netpbm("P5", 65535),
    "pgm plain": _netpbm("P2", 1023),
    "ppm": _netpbm("P6", 255),
    "ppm 16": _netpbm("P6", 1023),
    "ppm plain": _netpbm("P3", 255),
    "pbm": _netpbm("P4", 1),
    "pbm plain": _netpbm("P1", 1),
    "raw": lambda values, _: (values >> 8).astype(np.uint8).tobytes(),
}


def _patched(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def _huge(data: bytes, rng: np.random.Generator) -> bytes:
    """Sides of a header made large, the data left as they are."""
    if data.startswith(b"\x89PNG"):
        header = struct.pack(">II", *rng.choice([20_000, 60_000, 2**31 - 1], 2)) + data[24:29]
        return data[:16] + header + struct.pack(">I", zlib.crc32(b"IHDR" + header)) + data[33:]
    if data.startswith(b"BM"):
        return _patched(data, 18, struct.pack("<ii", *rng.choice([20_000, 60_000, 2**31 - 1, -(2**31)], 2)))
    if data.startswith(b"\xff\xd8"):
        at = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
        return data if at < 0 else _patched(data, at + 5, struct.pack(">HH", 65500, 65500))
    if data[:1] == b"P":
        lines = data.split(b"\n", 3)
        return b"\n".join([*lines[:2], b"90000 90000", *lines[3:]]) if len(lines) == 4 else data
    return _many_bytes_changed(data, rng)


def _many_bytes_changed(data: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(data)
    for at in rng.integers(0, len(data), max(1, len(data) // 50)) if data else ():
        changed[at] = rng.integers(256)
    return bytes(changed)


def _header_byte_changed(data: bytes, rng: np.random.Generator) -> bytes:
    return _patched(data, int(rng.integers(0, min(len(data), 64))), bytes([rng.integers(256)])) if data else data


@lru_cache
def _bomb() -> bytes:
    """A PNG of 400 KB that holds 8192 x 8192 px of 48 bits, the most that is decoded."""
    side = 8192
    packer = zlib.compressobj(9)
    row = bytes(1 + 6 * side)
    data = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", side, side, 16, 2, 0, 0, 0)), (b"IDAT", data), (b"IEND", b""))
    packed = (
        struct.pack(">I", len(one)) + kind + one + struct.pack(">I", zlib.crc32(kind + one)) for kind, one in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


_DAMAGES: dict[str, Callable[[bytes, np.random.Generator], bytes]] = {
    "whole": lambda data, _: data,
    "whole again": lambda data, _: data,
    "empty": lambda _, __: b"",
    "cut": lambda data, rng: data[: int(len(data) * rng.choice([0.02, 0.1, 0.5, 0.9, 0.99]))],
    "last byte gone": lambda data, _: data[:-1],
    "tail of zeros": lambda data, rng: data[: len(data) // 3] + bytes(len(data) - len(data) // 3),
    "cut, with an end": lambda data, _: data[: len(data) // 2] + data[-12:],
    "more behind": lambda data, rng: data + rng.bytes(500),
    "twice": lambda data, _: data + data,
    "bytes changed": _many_bytes_changed,
    "header byte changed": _header_byte_changed,
    "header huge": _huge,
    "noise behind the header": lambda data, rng: data[:40] + rng.bytes(max(0, len(data) - 40)),
}


def pictures(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """``count`` files: their names, which tell what they are, and their bytes."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        suffix, data = encoded(rng)
        damage, data = damaged(data, rng)
        if number == BOMB_AT:
            suffix, damage, data = ".png", "bomb", _bomb()
        elif rng.random() < 0.03:
            suffix = str(rng.choice([".jpg", ".png", ".tif", ".pgm", ".raw"]))
        yield f"{number:05d} {damage}{suffix}", data
