"""What the replay makes of files: every format, depth and kind of damage."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engines.errors import BadFrameError
from engines.images.decoder import Decoder
from inspector.config.replay import RawFormat
from tests.capture.replay_files import (
    HEIGHT,
    WIDTH,
    encoded,
    png,
    severstal,
    sheet,
    tiff_header_first,
    with_thumbnail,
    write,
)

SHEET = sheet(3)
DEEP = SHEET.astype(np.uint16) * 257
COLOUR = np.dstack([SHEET, SHEET, SHEET])

LOSSLESS = {
    "grey.png": encoded(".png", SHEET),
    "rgb.png": encoded(".png", COLOUR),
    "rgba.png": encoded(".png", np.dstack([COLOUR, np.full_like(SHEET, 7)])),
    "grey_alpha.png": png(np.dstack([SHEET, np.full_like(SHEET, 7)]), 4),
    "palette.png": png(SHEET, 3, bytes(value for value in range(256) for _ in range(3))),
    "deep.png": encoded(".png", DEEP),
    "deep_rgba.png": encoded(".png", np.dstack([DEEP, DEEP, DEEP, DEEP // 3])),
    "grey.bmp": encoded(".bmp", SHEET),
    "rgb.bmp": encoded(".bmp", COLOUR),
    "grey.pgm": encoded(".pgm", SHEET),
    "text.pgm": encoded(".pgm", SHEET, cv2.IMWRITE_PXM_BINARY, 0),
    "deep.pgm": encoded(".pgm", DEEP),
    "rgb.ppm": encoded(".ppm", COLOUR),
    "plain.tiff": encoded(".tiff", SHEET, cv2.IMWRITE_TIFF_COMPRESSION, 1),
    "lzw.tif": encoded(".tif", SHEET, cv2.IMWRITE_TIFF_COMPRESSION, 5),
    "rgb.tif": encoded(".tif", COLOUR),
    "deep.tif": encoded(".tif", DEEP),
    "first.tif": tiff_header_first(SHEET, deflate=False),
    "first_deflate.tif": tiff_header_first(SHEET, deflate=True),
    "first_deep.tif": tiff_header_first(DEEP, deflate=False),
}
JPEGS = {
    "grey.jpg": encoded(".jpg", SHEET),
    "rgb.jpeg": encoded(".jpeg", COLOUR),
    "progressive.jpg": encoded(".jpg", SHEET, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    "restarts.jpg": encoded(".jpg", SHEET, cv2.IMWRITE_JPEG_RST_INTERVAL, 2),
    "thumbnail.jpg": with_thumbnail(encoded(".jpg", SHEET)),
}


def decode(path: Path, **options: object) -> NDArray[np.uint8]:
    return Decoder(HEIGHT, WIDTH, **options).decode(path)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", LOSSLESS)
def test_every_lossless_format_gives_the_grey_values_back(name: str, tmp_path: Path) -> None:
    pixels = decode(write(tmp_path / name, LOSSLESS[name]))
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    np.testing.assert_array_equal(pixels, SHEET)


@pytest.mark.parametrize("name", JPEGS)
def test_jpeg_is_near_the_original(name: str, tmp_path: Path) -> None:
    pixels = decode(write(tmp_path / name, JPEGS[name]))
    assert pixels.shape == (HEIGHT, WIDTH)
    assert np.abs(pixels.astype(int) - SHEET).mean() < 4


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("name", [*LOSSLESS, *JPEGS])
def test_a_file_cut_short_is_refused_not_filled(name: str, share: float, tmp_path: Path) -> None:
    data = {**LOSSLESS, **JPEGS}[name]
    if name == "text.pgm":
        share = min(share, 0.95)
    with pytest.raises(BadFrameError, match=r"cut short|cut-short"):
        decode(write(tmp_path / name, data[: int(len(data) * share)]))


@pytest.mark.parametrize("name", JPEGS)
def test_a_jpeg_without_its_last_byte_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadFrameError, match="no end-of-image marker"):
        decode(write(tmp_path / name, JPEGS[name][:-1]))


def test_a_jpeg_whose_tail_was_never_written_is_refused(tmp_path: Path) -> None:
    data = JPEGS["grey.jpg"]
    half = len(data) // 2
    with pytest.raises(BadFrameError, match="no end-of-image marker"):
        decode(write(tmp_path / "a.jpg", data[:half] + bytes(len(data) - half)))


def test_bytes_after_the_end_of_a_jpeg_do_no_harm(tmp_path: Path) -> None:
    plain = decode(write(tmp_path / "a.jpg", JPEGS["grey.jpg"]))
    padded = decode(write(tmp_path / "b.jpg", JPEGS["grey.jpg"] + bytes(512)))
    np.testing.assert_array_equal(plain, padded)


def test_colour_is_reduced_by_bt601(tmp_path: Path) -> None:
    blue, green, red = 200, 40, 90
    picture = np.full((HEIGHT, WIDTH, 3), (blue, green, red), np.uint8)
    expected = round(0.299 * red + 0.587 * green + 0.114 * blue)
    for suffix in (".png", ".bmp", ".ppm", ".tif"):
        pixels = decode(write(tmp_path / f"a{suffix}", encoded(suffix, picture)))
        assert np.abs(pixels.astype(int) - expected).max() <= 1, suffix


@pytest.mark.parametrize(
    ("white_level", "value", "expected"),
    [(65535, 65535, 255), (65535, 128, 0), (65535, 129, 1), (4095, 4095, 255), (4095, 2048, 128), (4095, 5000, 255)],
)
def test_sixteen_bit_values_are_scaled_by_the_white_level(
    white_level: int, value: int, expected: int, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.png", encoded(".png", np.full((HEIGHT, WIDTH), value, np.uint16)))
    assert np.unique(decode(path, white_level=white_level)).tolist() == [expected]


@pytest.mark.parametrize(("dtype", "stored"), [("uint8", SHEET), ("uint16", DEEP), ("uint16_be", DEEP.astype(">u2"))])
def test_raw_files_are_read_as_configured(dtype: str, stored: NDArray[np.generic], tmp_path: Path) -> None:
    path = write(tmp_path / "a.raw", b"head" + stored.tobytes())
    raw = RawFormat(dtype=dtype, skip_bytes=4)  # type: ignore[arg-type]
    np.testing.assert_array_equal(decode(path, raw=raw), SHEET)


def test_a_raw_file_of_another_length_is_refused_by_its_sizes(tmp_path: Path) -> None:
    path = write(tmp_path / "a.raw", SHEET.tobytes()[:-1])
    with pytest.raises(BadFrameError, match=r"has 3839 bytes; expected 3840 for 48x80 uint8"):
        decode(path, raw=RawFormat(dtype="uint8"))


def test_a_raw_file_of_another_geometry_is_refused_by_name(tmp_path: Path) -> None:
    path = write(tmp_path / "a.raw", SHEET.tobytes())
    with pytest.raises(BadFrameError, match=r"is 80x48 pixels \(height x width\); expected 48x80"):
        decode(path, raw=RawFormat(dtype="uint8", height=80, width=48))


def test_another_size_is_refused_by_both_sizes(tmp_path: Path) -> None:
    path = write(tmp_path / "a.png", encoded(".png", sheet(1, 40, 80)))
    with pytest.raises(BadFrameError, match=r"is 40x80 pixels \(height x width\); expected 48x80"):
        decode(path)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", r"is empty \(0 bytes\)"),
        (b"hello, this is not a picture", "is not a JPEG, PNG, WebP, BMP, TIFF or PGM file"),
        (bytes(100_000), "is not a JPEG, PNG, WebP, BMP, TIFF or PGM file"),
        (b"\xff\xd8", "cut-short JPEG"),
        (b"\x89PNG\r\n\x1a\n", "cut-short PNG"),
        (b"P5\n", "cut-short PGM"),
    ],
)
def test_what_is_no_picture_is_refused(data: bytes, why: str, tmp_path: Path) -> None:
    with pytest.raises(BadFrameError, match=why):
        decode(write(tmp_path / "a.png", data))


def test_damage_inside_a_png_is_found_by_its_checksum(tmp_path: Path) -> None:
    data = bytearray(LOSSLESS["grey.png"])
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(BadFrameError, match="damaged"):
        decode(write(tmp_path / "a.png", bytes(data)))


def test_floating_point_pixels_are_refused(tmp_path: Path) -> None:
    data = encoded(".tif", SHEET.astype(np.float32) / 255)
    with pytest.raises(BadFrameError, match="holds floating-point samples"):
        decode(write(tmp_path / "a.tif", data))


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFrameError, match="does not exist"):
        decode(tmp_path / "a.png")
    with pytest.raises(BadFrameError, match="is a folder"):
        decode(tmp_path)


def test_real_frames_stored_as_rgb_keep_their_grey_values() -> None:
    images = sorted((severstal() / "images").iterdir())
    decoder = Decoder(256, 1600)
    for path in images[::8]:
        stored = np.asarray(cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED))
        assert stored.shape == (256, 1600, 3)
        np.testing.assert_array_equal(decoder.decode(path), stored[..., 0])


def test_a_real_frame_cut_anywhere_is_refused(tmp_path: Path) -> None:
    data = next(iter(sorted((severstal() / "images").glob("*.jpg")))).read_bytes()
    for share in (0.02, 0.25, 0.5, 0.75, 0.999):
        with pytest.raises(BadFrameError, match="cut short"):
            Decoder(256, 1600).decode(write(tmp_path / "a.jpg", data[: int(len(data) * share)]))
