"""Real image files of every format for the replay's tests, written by OpenCV or byte by byte where OpenCV cannot."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

HEIGHT, WIDTH = 48, 80


def sheet(seed: int = 0, height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.uint8]:
    """A textured grey sheet, ``uint8 [height, width]``; no two seeds alike."""
    noise = np.random.default_rng(seed).normal(0, 12, (height, width))
    ramp = np.linspace(60, 180, width)[None, :]
    return np.clip(ramp + noise + seed % 40, 0, 255).astype(np.uint8)


def encoded(suffix: str, pixels: NDArray[np.generic], *options: int) -> bytes:
    """``pixels`` as the bytes of a file of this kind."""
    done, data = cv2.imencode(suffix, np.asarray(pixels), options)
    assert done
    return bytes(data.tobytes())


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def write_frames(folder: Path, count: int, suffix: str = ".png") -> list[NDArray[np.uint8]]:
    """``frame0 .. frame<count-1>`` (no leading zeros) in ``folder``; returns what they show."""
    sheets = [sheet(number) for number in range(count)]
    for number, pixels in enumerate(sheets):
        write(folder / f"frame{number}{suffix}", encoded(suffix, pixels))
    return sheets


def png(pixels: NDArray[np.uint8], colour_type: int, palette: bytes = b"") -> bytes:
    """A PNG of any colour type, which OpenCV cannot write: 0 grey, 3 palette, 4 grey and alpha."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + pixels[row].tobytes() for row in range(height))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0))
        + (chunk(b"PLTE", palette) if palette else b"")
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def tiff_header_first(pixels: NDArray[np.generic], deflate: bool, rows_per_strip: int = 8) -> bytes:
    """A striped grey TIFF with its directory at the front, so that a cut file still has a whole directory."""
    height, width = pixels.shape
    raw = [pixels[row : row + rows_per_strip].tobytes() for row in range(0, height, rows_per_strip)]
    strips = [zlib.compress(one) for one in raw] if deflate else raw
    offsets_at = 8 + 2 + 12 * 9 + 4
    counts_at = offsets_at + 4 * len(strips)
    data_at = counts_at + 4 * len(strips)
    offsets = [data_at + sum(len(one) for one in strips[:index]) for index in range(len(strips))]
    bits = pixels.dtype.itemsize * 8
    shorts = [(258, bits), (259, 8 if deflate else 1), (262, 1), (277, 1)]
    entries = [(tag, 3, 1, value) for tag, value in shorts]
    entries += [(256, 4, 1, width), (257, 4, 1, height), (278, 4, 1, rows_per_strip)]
    entries += [(273, 4, len(strips), offsets_at), (279, 4, len(strips), counts_at)]
    directory = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    numbers = struct.pack(f"<{2 * len(strips)}I", *offsets, *(len(one) for one in strips))
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + directory + b"\0\0\0\0" + numbers + b"".join(strips)


def with_thumbnail(jpeg: bytes) -> bytes:
    """The JPEG with an application segment that holds a whole small JPEG, as cameras write it."""
    thumbnail = b"Exif\0\0" + encoded(".jpg", sheet(9, 8, 8))
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail + jpeg[2:]


def severstal() -> Path:
    """The folder of real frames; skips the test where it is absent."""
    beside = Path(__file__).parents[3] / "shared" / "data"
    place = Path(os.environ.get("INSPECTOR_DATA", beside)) / "severstal"
    if not (place / "images").is_dir():
        pytest.skip(f"no real frames in {place} (set INSPECTOR_DATA)")
    return place
