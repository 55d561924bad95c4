"""An orientation tag is obeyed in no format and by no reader: the frame is what the sensor wrote."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from engines.data.images import image_size, read_grey, read_stored
from engines.images.decoder import Decoder
from tests.capture.replay_files import HEIGHT, WIDTH, encoded, sheet, tiff_header_first, write

SHEET = sheet(3)
COLOUR = np.dstack([SHEET, SHEET, SHEET])
TURNED = 6
"""To be shown turned by 90 degrees."""
EXIF = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01" + struct.pack(">HH", TURNED, 0) + bytes(4)


def jpeg(data: bytes) -> bytes:
    segment = b"Exif\0\0" + EXIF
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + data[2:]


def png(data: bytes) -> bytes:
    header_ends = 8 + 25
    checksum = zlib.crc32(b"eXIf" + EXIF)
    chunk = struct.pack(">I", len(EXIF)) + b"eXIf" + EXIF + struct.pack(">I", checksum)
    return data[:header_ends] + chunk + data[header_ends:]


def tiff(data: bytes) -> bytes:
    """The directory again, at the end of the file, with the tag in it."""
    (at,) = struct.unpack("<I", data[4:8])
    (count,) = struct.unpack("<H", data[at : at + 2])
    entries = [data[at + 2 + 12 * k : at + 14 + 12 * k] for k in range(count)]
    entries.append(struct.pack("<HHIHH", 274, 3, 1, TURNED, 0))
    entries.sort(key=lambda entry: struct.unpack("<H", entry[:2])[0])
    directory = struct.pack("<H", count + 1) + b"".join(entries) + bytes(4)
    return data[:4] + struct.pack("<I", len(data)) + data[8:] + directory


FILES = {
    "grey.jpg": jpeg(encoded(".jpg", SHEET)),
    "rgb.jpg": jpeg(encoded(".jpg", COLOUR)),
    "grey.png": png(encoded(".png", SHEET)),
    "rgb.png": png(encoded(".png", COLOUR)),
    "deep.png": png(encoded(".png", SHEET.astype(np.uint16) * 257)),
    "grey.tif": tiff(tiff_header_first(SHEET, deflate=False)),
    "deflate.tif": tiff(tiff_header_first(SHEET, deflate=True)),
}


@pytest.mark.parametrize("name", FILES)
def test_a_line_and_a_data_set_see_the_frame_as_it_is_stored(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / name, FILES[name])
    on_the_line = Decoder(HEIGHT, WIDTH).decode(path)
    assert np.abs(on_the_line.astype(int) - SHEET).mean() < 4
    np.testing.assert_array_equal(read_grey(path), on_the_line)
    assert image_size(path) == (HEIGHT, WIDTH)
    assert read_stored(path).shape[:2] == (HEIGHT, WIDTH)
