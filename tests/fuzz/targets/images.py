"""Files of pictures: frames of a replay, and masks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

import cv2
import numpy as np

from engines.data.masks import read_mask_image
from engines.errors import BadFrameError, DataError
from engines.images.decoder import Decoder
from engines.images.picture import Values
from tests.capture.replay_files import encoded, png, sheet, tiff_header_first, with_thumbnail
from tests.fuzz.mutation import Mutation, png_changed
from tests.fuzz.target import Target, promised, require
from tests.fuzz.targets import scratch

_HEIGHT, _WIDTH = 8, 12


class _Raw(NamedTuple):
    """As the key ``raw`` of a configuration says it."""

    dtype: Literal["uint8", "uint16", "uint16_be"] = "uint16_be"
    height: int | None = _HEIGHT
    width: int | None = _WIDTH
    skip_bytes: int = 3


_EXPECTED = Decoder(_HEIGHT, _WIDTH)
_ANY = Decoder(white_level=4095)
_RAW = Decoder(raw=_Raw())
_MOST_PIXELS = 1 << 22
"""A picture of any size, which data sets have, is decoded here up to so many: an input of a few bytes may stand for 67 million."""


def frame(data: bytes, suffix: str) -> None:
    """A frame as the line reads it, and one of any size."""
    path = scratch.put(f"picture/frame{suffix}", data)
    with promised(BadFrameError):
        pixels = _EXPECTED.decode(path)
        require(pixels.shape == (_HEIGHT, _WIDTH) and pixels.dtype == np.uint8, "a frame of another shape")
        require(pixels.flags.c_contiguous, "a frame in pieces")
        require(np.array_equal(_EXPECTED.decode(path), pixels), "a frame that is another one the second time")
    with promised(BadFrameError):
        height, width = _ANY.size(path)
        if height * width <= _MOST_PIXELS:
            require(
                _ANY.samples(path).values.shape[:2] == (height, width), "a picture of another size than its header says"
            )


def raw(data: bytes) -> None:
    """A file without a header."""
    path = scratch.put("picture/frame.raw", data)
    with promised(BadFrameError):
        require(_RAW.decode(path).shape == (_HEIGHT, _WIDTH), "a frame of another shape")


def mask(data: bytes) -> None:
    """The mask of a frame."""
    path = scratch.put("picture/mask.png", data)
    with promised(DataError):
        found = read_mask_image(path, (_HEIGHT, _WIDTH))
        require(found.shape == (_HEIGHT, _WIDTH) and found.dtype == np.uint8, "a mask of another shape")


def _grey() -> Values:
    return sheet(1, _HEIGHT, _WIDTH)


def _deep() -> Values:
    return _grey().astype(np.uint16) * 257


def jpegs() -> Iterator[bytes]:
    """Baseline, progressive, coloured, with restart markers, with a thumbnail."""
    colour = np.dstack([_grey()] * 3)
    yield encoded(".jpg", _grey(), cv2.IMWRITE_JPEG_QUALITY, 60)
    yield encoded(".jpg", _grey(), cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    yield encoded(".jpg", colour, cv2.IMWRITE_JPEG_RST_INTERVAL, 1)
    yield with_thumbnail(encoded(".jpg", _grey()))


def pngs() -> Iterator[bytes]:
    """Grey, deep, coloured, with a palette, with transparency."""
    yield encoded(".png", _grey())
    yield encoded(".png", _deep())
    yield encoded(".png", np.dstack([_grey()] * 3))
    yield png(_grey() % 4, 3, bytes(range(12)))
    yield png(np.dstack([_grey()] * 2), 4)


def tiffs() -> Iterator[bytes]:
    """Strips of every compression, deep ones, several channels, big-endian ones."""
    for compression in (1, 5, 8, 32773):
        yield encoded(".tif", _grey(), cv2.IMWRITE_TIFF_COMPRESSION, compression)
    yield encoded(".tif", _deep(), cv2.IMWRITE_TIFF_COMPRESSION, 5)
    yield encoded(".tif", np.dstack([_grey()] * 3))
    yield tiff_header_first(_grey(), deflate=True, rows_per_strip=4)
    yield tiff_header_first(_deep(), deflate=False, rows_per_strip=4)
    yield _tiled()


def _tiled() -> bytes:
    """A grey TIFF of one tile, whose directory is that of a striped one with other tags."""
    from struct import pack

    tags = (
        (256, _WIDTH),
        (257, _HEIGHT),
        (258, 8),
        (259, 1),
        (262, 1),
        (277, 1),
        (322, 16),
        (323, 16),
        (324, 8 + 2 + 9 * 12 + 4),
        (325, 256),
    )
    directory = b"".join(pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + pack("<IH", 8, len(tags)) + directory + bytes(4) + bytes(range(256))


def others() -> Iterator[bytes]:
    """BMP with and without a palette, WebP lossless and lossy, netpbm in every kind."""
    yield encoded(".bmp", _grey())
    yield encoded(".bmp", np.dstack([_grey()] * 3))
    for quality in (101, 80):
        yield encoded(".webp", _grey(), cv2.IMWRITE_WEBP_QUALITY, quality)
    for suffix in (".pgm", ".ppm", ".pbm"):
        pixels = np.dstack([_grey()] * 3) if suffix == ".ppm" else _grey()
        for binary in (0, 1):
            yield encoded(suffix, pixels, cv2.IMWRITE_PXM_BINARY, binary)
    yield b"P5\n# twelve bits\n12 8\n4095\n" + (_grey().astype(np.uint16) * 16).astype(">u2").tobytes()


def masks() -> Iterator[bytes]:
    """Class numbers, the same deep, in three equal channels, with a palette."""
    values = _grey() % 3
    yield encoded(".png", values)
    yield encoded(".png", values.astype(np.uint16))
    yield encoded(".png", np.dstack([values] * 3))
    yield png(values, 3, bytes(range(9)))


def raws() -> Iterator[bytes]:
    """The one size that there is."""
    yield b"abc" + _deep().astype(">u2").tobytes()


_JPEG_TOKENS = tuple(
    bytes([0xFF, marker])
    for marker in (0xC0, 0xC1, 0xC2, 0xC4, 0xC9, 0xD0, 0xD8, 0xD9, 0xDA, 0xDB, 0xDD, 0xE0, 0xE1, 0xFE)
)
_PNG_TOKENS = (
    b"IHDR",
    b"PLTE",
    b"IDAT",
    b"IEND",
    b"tRNS",
    b"gAMA",
    b"acTL",
    b"fcTL",
    b"iCCP",
    b"\0\0\0\r",
    b"\x7f\xff\xff\xff",
)
_TIFF_TOKENS = tuple(
    tag.to_bytes(2, "little")
    for tag in (254, 255, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 317, 322, 323, 324, 325, 339)
)
_OTHERS_TOKENS = (
    b"P1\n",
    b"P2\n",
    b"P4\n",
    b"P5\n",
    b"P6\n",
    b"# x\n",
    b"65535\n",
    b"12 8\n",
    b"BM",
    b"\x28\0\0\0",
    b"99999999999999999999",
)


def _files(
    name: str,
    suffix: str,
    seeds: Callable[[], Iterator[bytes]],
    tokens: tuple[bytes, ...],
    mutation: Mutation | None = None,
) -> Target:
    return Target(f"image_{name}", functools.partial(frame, suffix=suffix), seeds, tokens, mutation, longest=1 << 11)


TARGETS = (
    _files("jpeg", ".jpg", jpegs, _JPEG_TOKENS),
    _files("png", ".png", pngs, _PNG_TOKENS, png_changed),
    _files("tiff", ".tif", tiffs, (*_TIFF_TOKENS, b"II*\0", b"MM\0*", b"II+\0", b"\x80")),
    _files("others", ".pgm", others, _OTHERS_TOKENS),
    Target("image_raw", raw, raws, longest=400),
    Target("image_mask", mask, masks, _PNG_TOKENS, png_changed, longest=1 << 10),
)
