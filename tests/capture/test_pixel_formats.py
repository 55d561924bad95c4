"""Pixel formats, byte by byte, as PFNC and GigE Vision lay them out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engines.images.picture import grey_of_rgb
from engines.images.scaling import to_eight_bits
from inspector.capture.pixel_formats import PixelFormat, pixel_format
from inspector.errors import UserError

CODES = {
    "Mono8": 0x01080001,
    "Mono10": 0x01100003,
    "Mono10Packed": 0x010C0004,
    "Mono10p": 0x010A0046,
    "Mono12": 0x01100005,
    "Mono12Packed": 0x010C0006,
    "Mono12p": 0x010C0047,
    "Mono14": 0x01100025,
    "Mono16": 0x01100007,
    "RGB8": 0x02180014,
    "BGR8": 0x02180015,
}


def of(name: str) -> PixelFormat:
    found = pixel_format(CODES[name])
    assert found.name == name
    return found


def data(*values: int) -> NDArray[np.uint8]:
    return np.array(values, np.uint8)


def scaled(name: str, values: list[int]) -> list[int]:
    """The rule for files: 255 x value / white, rounded."""
    white = (1 << of(name).bits) - 1
    return [(510 * value + white) // (2 * white) for value in values]


LAYOUTS = [
    ("Mono8", data(0, 1, 128, 255), [0, 1, 128, 255]),
    ("Mono10", data(0xFF, 0x03, 0x01, 0x02), [0x3FF, 0x201]),
    ("Mono12", data(0xFF, 0x0F, 0x23, 0x01), [0xFFF, 0x123]),
    ("Mono14", data(0xFF, 0x3F, 0x34, 0x12), [0x3FFF, 0x1234]),
    ("Mono16", data(0xFF, 0xFF, 0x34, 0x12), [0xFFFF, 0x1234]),
    # GigE Vision: the high 8 bits of each pixel in a byte of their own, the low ones of both between them
    ("Mono10Packed", data(0xFF, 0x13, 0x80), [0x3FF, 0x201]),
    ("Mono12Packed", data(0x12, 0xA3, 0xBC), [0x123, 0xBCA]),
    # PFNC: bits in their order, the lowest first
    ("Mono12p", data(0x23, 0xA1, 0xBC), [0x123, 0xBCA]),
    ("Mono10p", data(0x01, 0xFE, 0x0F, 0x40, 0x80), [0x201, 0x3FF, 0x000, 0x201]),
]


@pytest.mark.parametrize(("name", "sent", "values"), LAYOUTS, ids=[name for name, _, _ in LAYOUTS])
def test_values_are_where_the_standard_puts_them(name: str, sent: NDArray[np.uint8], values: list[int]) -> None:
    grey = of(name).grey(sent, 1, len(values))
    assert grey.dtype == np.uint8
    assert grey.tolist() == [scaled(name, values)]


def stream(values: list[int], bits: int) -> NDArray[np.uint8]:
    """``p`` packing by the definition: one long number."""
    number = sum(value << bits * index for index, value in enumerate(values))
    return np.frombuffer(number.to_bytes(-(-len(values) * bits // 8), "little"), np.uint8)


@given(st.sampled_from((10, 12)), st.integers(1, 4), st.integers(1, 9), st.data())
def test_dense_formats_are_one_stream_of_bits_over_all_rows(
    bits: int, height: int, width: int, drawn: st.DataObject
) -> None:
    count = height * width
    values = drawn.draw(st.lists(st.integers(0, 2**bits - 1), min_size=count, max_size=count))
    name = f"Mono{bits}p"
    sent = stream(values, bits)
    assert sent.size == of(name).frame_bytes(height, width)
    assert of(name).grey(sent, height, width).ravel().tolist() == scaled(name, values)


@pytest.mark.parametrize(("name", "bits"), [("Mono10p", 10), ("Mono12p", 12)])
def test_padding_at_the_end_of_rows_is_left_out(name: str, bits: int) -> None:
    rows = [[1, 1000, 3, 5, 1023], [0, 7, 512, 99, 1]]
    sent = np.concatenate([np.concatenate((stream(row, bits), data(0xAA, 0xAA, 0xAA))) for row in rows])
    assert of(name).grey(sent, 2, 5, padding=3).tolist() == [scaled(name, row) for row in rows]
    mono = data(1, 2, 9, 9, 3, 4, 9, 9)
    assert of("Mono8").grey(mono, 2, 2, padding=2).tolist() == [[1, 2], [3, 4]]


def test_colour_becomes_grey_as_in_files() -> None:
    rgb = np.random.default_rng(3).integers(0, 256, (5, 4, 3), dtype=np.uint8)
    assert np.array_equal(of("RGB8").grey(rgb.ravel(), 5, 4), grey_of_rgb(rgb))
    assert np.array_equal(of("BGR8").grey(rgb[..., ::-1].ravel(), 5, 4), grey_of_rgb(rgb))


BAYER = [
    ("GR", 0x01080008, 0x01100010),
    ("RG", 0x01080009, 0x01100011),
    ("GB", 0x0108000A, 0x01100012),
    ("BG", 0x0108000B, 0x01100013),
]


@pytest.mark.parametrize(("first", "code", "deep"), BAYER, ids=[first for first, _, _ in BAYER])
@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (200, 200, 200)])
def test_a_mosaic_of_one_colour_has_the_grey_of_that_colour(
    first: str, code: int, deep: int, colour: tuple[int, int, int]
) -> None:
    of_letter = dict(zip("RGB", colour, strict=True))
    second = {"GR": "BG", "RG": "GB", "GB": "RG", "BG": "GR"}[first]
    mosaic = np.tile(
        np.array([[of_letter[one] for one in first], [of_letter[one] for one in second]], np.uint8), (4, 5)
    )
    expected = int(grey_of_rgb(np.array([[colour]], np.uint8))[0, 0])
    grey = pixel_format(code).grey(mosaic.ravel(), 8, 10)
    assert np.abs(grey[2:-2, 2:-2].astype(int) - expected).max() <= 1
    words = (mosaic.astype(np.uint32) * 4095 // 255).astype("<u2").view(np.uint8)
    found = pixel_format(deep)
    assert (found.name, found.bits) == (f"Bayer{first}12", 12)
    assert np.abs(found.grey(words.ravel(), 8, 10)[2:-2, 2:-2].astype(int) - expected).max() <= 1


def test_a_white_level_of_the_user_replaces_that_of_the_format() -> None:
    words = np.array([0, 4095, 8000], "<u2").view(np.uint8)
    assert of("Mono16").grey(words, 1, 3, white=4095).tolist() == [[0, 255, 255]]
    assert np.array_equal(of("Mono16").grey(words, 1, 3), to_eight_bits(words.view("<u2")[None], 65535, False))


def test_what_cannot_be_read_is_refused_by_name_and_too_few_bytes_by_number() -> None:
    with pytest.raises(UserError, match=r"pixel format 0x0210001f cannot be read; expected Mono8, .*Mono12p.*RGB8"):
        pixel_format(0x0210001F)
    with pytest.raises(UserError, match="sent 8 bytes; 2x4 pixels of Mono12p take 12"):
        of("Mono12p").grey(np.zeros(8, np.uint8), 2, 4)
