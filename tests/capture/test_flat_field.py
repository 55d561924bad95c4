"""The correction in the copy into the slot: compiled and numpy alike to the last bit, refused where it does not fit."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.flat_field import GAIN_ONE, OFFSET_ONE
from inspector.capture import flat_field
from inspector.capture.flat_field import FlatField
from inspector.capture.preparation import Preparation
from inspector.frames.size import FrameSize
from tests.capture.flat_fields import flat_field_file, some_flat_field
from tests.capture.fuzz_flat_field import try_case

compiled_only = pytest.mark.skipif(not flat_field.COMPILED, reason="the compiled flat field is not built here")


@compiled_only
@settings(deadline=None, max_examples=100)
@given(st.integers(0, 2**32 - 1))
def test_both_agree(seed: int) -> None:
    try_case(seed)


@compiled_only
@given(st.integers(0, 255), st.integers(0, 65535), st.integers(0, 65535))
def test_the_rounding_is_that_of_the_exact_product(raw: int, offset: int, gain: int) -> None:
    out = np.empty((1, 1), np.uint8)
    planes = (np.full((1, 1), one, np.uint16) for one in (offset, gain))
    FlatField(flat_field_file(*planes)).apply(np.full((1, 1), raw, np.uint8), out)
    steps = max(raw * OFFSET_ONE - offset, 0) * gain
    assert out[0, 0] == min(255, (2 * steps + OFFSET_ONE * GAIN_ONE) // (2 * OFFSET_ONE * GAIN_ONE))


def test_nothing_is_changed_by_no_offset_and_a_gain_of_one() -> None:
    pixels = np.arange(256, dtype=np.uint8).reshape(4, 64)
    one = FlatField(flat_field_file(np.zeros((4, 64), np.uint16), np.full((4, 64), GAIN_ONE, np.uint16)))
    out = np.zeros_like(pixels)
    one.apply(pixels, out)
    np.testing.assert_array_equal(out, pixels)


def test_it_is_written_straight_into_the_slot() -> None:
    dice = np.random.default_rng(3)
    found = FlatField(some_flat_field(dice, 6, 50, per_column=False))
    pixels = dice.integers(0, 256, (6, 50)).astype(np.uint8)
    slot = np.full(400, 77, np.uint8)
    preparation = Preparation(FrameSize(6, 50), flat_field=found)
    assert preparation.flat_field == found.id
    preparation.write(pixels, slot)
    expected = np.empty_like(pixels)
    found.apply_by_numpy(pixels, expected)
    np.testing.assert_array_equal(slot[:300].reshape(6, 50), expected)
    assert set(slot[300:].tolist()) == {77}


def test_frames_that_do_not_lie_in_one_piece_are_read_right() -> None:
    dice = np.random.default_rng(4)
    found = FlatField(some_flat_field(dice, 20, 30, per_column=False))
    whole = dice.integers(0, 256, (40, 60)).astype(np.uint8)
    for pixels in (whole[:20, 7:37], whole[::2, ::2], whole[19::-1, :30], np.asfortranarray(whole[:20, :30])):
        out, expected = np.empty((20, 30), np.uint8), np.empty((20, 30), np.uint8)
        found.apply(pixels, out)
        found.apply_by_numpy(np.ascontiguousarray(pixels), expected)
        np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize(
    ("pixels", "told"),
    [
        (np.zeros((5, 8), np.uint8), "for frames of 4 rows and 8 columns, these have 5 rows and 8 columns"),
        (np.zeros((4, 9), np.uint8), "these have 4 rows and 9 columns"),
        (np.zeros((4, 8), np.uint16), "delivered uint16 [4, 8]; expected uint8"),
        (np.zeros((4, 8, 3), np.uint8), "delivered uint8 [4, 8, 3]"),
    ],
)
def test_other_frames_are_refused(pixels: np.ndarray, told: str) -> None:
    found = FlatField(some_flat_field(np.random.default_rng(5), 4, 8, per_column=False))
    assert told in found.refusal(pixels)
    assert found.refusal(np.zeros((4, 8), np.uint8)) == ""


@pytest.mark.parametrize(
    ("pixels", "out"),
    [(np.zeros((6, 50), np.uint8), np.zeros((5, 50), np.uint8)), (np.zeros((6, 51), np.uint8), np.zeros((6, 51), np.uint8))]
)  # fmt: skip
def test_nothing_is_read_or_written_beyond_an_array(pixels: np.ndarray, out: np.ndarray) -> None:
    found = FlatField(some_flat_field(np.random.default_rng(3), 6, 50, per_column=False))
    with pytest.raises(ValueError, match="cannot be corrected"):
        found.apply(pixels, out)


def test_of_a_line_camera_any_number_of_rows_is_taken() -> None:
    found = FlatField(some_flat_field(np.random.default_rng(6), 4, 8, per_column=True))
    assert found.refusal_of(FrameSize(1000, 8)) == ""
    assert "any number of rows and 8 columns" in found.refusal_of(FrameSize(4, 7))


@compiled_only
def test_other_threads_go_on_meanwhile() -> None:
    """The interpreter lock is released: while one thread corrects a very large frame, the other one counts."""
    found = FlatField(some_flat_field(np.random.default_rng(7), 1, 4096, per_column=True))
    pixels, done = np.zeros((20_000, 4096), np.uint8), threading.Event()
    out = np.empty_like(pixels)
    counted = 0

    def work() -> None:
        found.apply(pixels, out)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not done.is_set():
        counted += 1
    thread.join()
    assert counted > 100


@pytest.mark.skipif(not flat_field.BUILT, reason="the compiled flat field is not built here")
@pytest.mark.parametrize("wrong", [{0: 0}, {1: 7}, {4: 7}, {5: 0}, {6: 0}, {7: -1}, {6: 65537}])
def test_impossible_arguments_are_refused(wrong: dict[int, int]) -> None:
    address = np.zeros(64, np.uint16).ctypes.data
    arguments = [address, 8, address, address, 8, address, 4, 8]
    for place, value in wrong.items():
        arguments[place] = value
    with pytest.raises(ValueError, match="no frame"):
        flat_field._flat_field.correct(*arguments)
