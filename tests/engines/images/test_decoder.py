"""Every format, depth and white through the one decoder: the same sheet gives the same grey, exactly."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engines.data.images import image_size, read_grey, read_stored
from engines.images.decoder import Decoder
from inspector.capture.replay import ReplayCamera
from inspector.config.replay import ReplayConfig
from tests.engines.images.writers import Tiff, chunk, encoded, packed, pgm, png, sheet

SHEET = sheet()
HEIGHT, WIDTH = SHEET.shape


def of_depth(white: int) -> NDArray[np.int64]:
    """The sheet in values 0..white."""
    return (SHEET * white + 32767) // 65535


def expected(values: NDArray[np.int64], white: int) -> NDArray[np.uint8]:
    return np.floor(255 * values.astype(np.longdouble) / white + 0.5).astype(np.uint8)


def decoded(path: Path, data: bytes, decoder: Decoder = Decoder(HEIGHT, WIDTH)) -> NDArray[np.uint8]:  # noqa: B008
    path.write_bytes(data)
    pixels = decoder.decode(path)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    assert pixels.flags.writeable
    return pixels


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 10, 12, 14, 16])
@pytest.mark.parametrize("compression", [1, 8, 32946, 32773])
def test_tiff_is_the_same_picture_whatever_its_depth_order_and_white(
    bits: int, compression: int, tmp_path: Path
) -> None:
    white = (1 << bits) - 1
    values = of_depth(white)
    for order in "<>":
        for big, tile in ((False, 0), (True, 0), (False, 16)):
            black_is_zero = Tiff(bits, 1, compression, order, big, tile=tile).write(values)
            white_is_zero = Tiff(bits, 0, compression, order, big, tile=tile).write(white - values)
            for data in (black_is_zero, white_is_zero):
                np.testing.assert_array_equal(decoded(tmp_path / "a.tif", data), expected(values, white))


@pytest.mark.parametrize("compression", [1, 5, 8, 32773])
@pytest.mark.parametrize("predictor", [1, 2])
def test_tiff_as_opencv_writes_it(compression: int, predictor: int, tmp_path: Path) -> None:
    options = [cv2.IMWRITE_TIFF_COMPRESSION, compression, cv2.IMWRITE_TIFF_PREDICTOR, predictor]
    for values in (of_depth(255).astype(np.uint8), SHEET.astype(np.uint16)):
        data = encoded(".tif", values, *options)
        np.testing.assert_array_equal(
            decoded(tmp_path / "a.tif", data), expected(values.astype(np.int64), np.iinfo(values.dtype).max)
        )
        colour = np.dstack([values, values, values])
        data = encoded(".tif", colour, *options)
        np.testing.assert_array_equal(
            decoded(tmp_path / "a.tif", data), expected(values.astype(np.int64), np.iinfo(values.dtype).max)
        )


def test_the_smallest_white_is_zero_tiff(tmp_path: Path) -> None:
    data = Tiff(16, 0).write(np.array([[65535, 0], [0, 65535]]))
    assert decoded(tmp_path / "a.tif", data, Decoder()).tolist() == [[0, 255], [255, 0]]


@pytest.mark.parametrize("maxval", [1, 3, 100, 254, 255, 256, 1000, 1023, 4095, 16383, 65534, 65535])
@pytest.mark.parametrize("plain", [False, True])
def test_maxval_of_a_pgm_is_white(maxval: int, plain: bool, tmp_path: Path) -> None:
    values = of_depth(maxval)
    for comment in (b"", b"# 7 of\t9\n"):
        data = pgm(values, maxval, plain, comment)
        np.testing.assert_array_equal(decoded(tmp_path / "a.pgm", data), expected(values, maxval))
        data = pgm(np.dstack([values, values, values]), maxval, plain, comment)
        np.testing.assert_array_equal(decoded(tmp_path / "a.ppm", data), expected(values, maxval))


def test_a_bitmap_is_black_where_bits_are_set(tmp_path: Path) -> None:
    bits = of_depth(1)
    head = b"P%d\n%d %d\n"
    packed_bits = head % (4, WIDTH, HEIGHT) + packed(bits, 1, ">")
    plain_bits = head % (1, WIDTH, HEIGHT) + b"\n".join(b"".join(b"%d" % bit for bit in row) for row in bits)
    for data in (packed_bits, plain_bits):
        np.testing.assert_array_equal(decoded(tmp_path / "a.pbm", data), 255 * (1 - bits))


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_png_of_every_depth(bits: int, tmp_path: Path) -> None:
    white = (1 << bits) - 1
    np.testing.assert_array_equal(
        decoded(tmp_path / "a.png", png(of_depth(white), bits)), expected(of_depth(white), white)
    )


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.tif", Tiff(12).write(of_depth(4095))),
        ("a.tif", Tiff(16).write(of_depth(4095))),
        ("a.png", png(of_depth(4095), 16)),
        ("a.pgm", pgm(of_depth(4095), 65535)),
        ("a.pgm", pgm(of_depth(4095), 1023)),
    ],
)
def test_an_explicit_white_level_is_white_whatever_the_file_states(name: str, data: bytes, tmp_path: Path) -> None:
    for white in (4095, 2000):
        pixels = decoded(tmp_path / name, data, Decoder(HEIGHT, WIDTH, white_level=white))
        np.testing.assert_array_equal(pixels, expected(np.minimum(of_depth(4095), white), white))


def test_where_white_is_zero_the_white_level_is_black(tmp_path: Path) -> None:
    data = Tiff(16, 0).write(4095 - of_depth(4095))
    pixels = decoded(tmp_path / "a.tif", data, Decoder(HEIGHT, WIDTH, white_level=4095))
    np.testing.assert_array_equal(pixels, expected(of_depth(4095), 4095))


def test_a_white_level_leaves_8_bits_alone(tmp_path: Path) -> None:
    values = of_depth(255)
    for name, data in (("a.png", png(values)), ("a.tif", Tiff(8).write(values)), ("a.pgm", pgm(values, 255))):
        np.testing.assert_array_equal(decoded(tmp_path / name, data, Decoder(HEIGHT, WIDTH, white_level=4095)), values)


def test_colour_is_reduced_and_alpha_dropped_alike_in_every_format(tmp_path: Path) -> None:
    colour = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    grey = colour[..., ::-1] @ [0.299, 0.587, 0.114]
    alpha = np.dstack([colour, np.full((HEIGHT, WIDTH), 9, np.uint8)])
    for suffix, pixels in (
        (".png", colour),
        (".bmp", colour),
        (".ppm", colour),
        (".tif", colour),
        (".png", alpha),
        (".tif", alpha),
    ):
        found = decoded(tmp_path / f"a{suffix}", encoded(suffix, pixels))
        assert np.abs(found - grey).max() <= 1, suffix


def test_the_line_and_a_data_set_read_the_same_pixels(tmp_path: Path) -> None:
    files = {
        "a.tif": Tiff(12, 0).write(of_depth(4095)),
        "b.png": png(SHEET, 16),
        "c.pgm": pgm(of_depth(1023), 1023),
        "d.jpg": encoded(".jpg", of_depth(255).astype(np.uint8)),
        "e.tif": encoded(".tif", SHEET.astype(np.uint16)),
        "f.bmp": encoded(".bmp", of_depth(255).astype(np.uint8)),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    camera = ReplayCamera(ReplayConfig(path=str(tmp_path)), HEIGHT, WIDTH)
    camera.open()
    for name in files:
        arrival = camera.next()
        assert arrival is not None
        assert arrival.pixels is not None, arrival.error
        assert image_size(tmp_path / name) == (HEIGHT, WIDTH)
        np.testing.assert_array_equal(arrival.pixels, read_grey(tmp_path / name))
    camera.close()


def test_jpeg_has_the_pixels_that_opencv_gives(tmp_path: Path) -> None:
    grey = cv2.GaussianBlur(of_depth(255).astype(np.uint8), (5, 5), 0)
    colour = np.dstack([grey, 255 - grey, grey // 2])
    for pixels in (grey, colour):
        for options in (
            (),
            (cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
            (cv2.IMWRITE_JPEG_RST_INTERVAL, 2),
            (cv2.IMWRITE_JPEG_QUALITY, 30),
        ):
            data = encoded(".jpg", pixels, *options)
            by_opencv = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
            np.testing.assert_array_equal(decoded(tmp_path / "a.jpg", data), by_opencv)
    as_rgb = encoded(".jpg", colour)
    as_rgb = as_rgb[:2] + b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0" + as_rgb[2:]
    by_opencv = cv2.imdecode(np.frombuffer(as_rgb, np.uint8), cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(decoded(tmp_path / "a.jpg", as_rgb), by_opencv)


def test_masks_keep_the_numbers_that_are_stored(tmp_path: Path) -> None:
    numbers = SHEET % 4
    files = {
        "a.png": png(numbers, 2),
        "b.png": png(numbers, 4),
        "c.png": png(numbers, 8),
        "d.tif": Tiff(8).write(numbers),
        "e.pgm": pgm(numbers, 3),
        "f.bmp": encoded(".bmp", numbers.astype(np.uint8)),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        np.testing.assert_array_equal(read_stored(tmp_path / name), numbers)


def test_an_animation_of_one_picture_is_a_picture(tmp_path: Path) -> None:
    data = png(of_depth(255), before=chunk(b"acTL", bytes(3) + b"\1" + bytes(4)))
    np.testing.assert_array_equal(decoded(tmp_path / "a.png", data), of_depth(255))


def test_marked_copies_and_masks_of_a_page_are_no_pages(tmp_path: Path) -> None:
    page, small = of_depth(255), of_depth(255)[:5, :5]
    for kind in (1, 4, 5):
        marked = Tiff(tags={254: (4, [kind])})
        for data in (Tiff().write(page, (marked, small)), marked.write(small, (Tiff(), page))):
            np.testing.assert_array_equal(decoded(tmp_path / "a.tif", data), page)
    old = Tiff(tags={255: (3, [2])})
    np.testing.assert_array_equal(decoded(tmp_path / "a.tif", Tiff().write(page, (old, small))), page)
