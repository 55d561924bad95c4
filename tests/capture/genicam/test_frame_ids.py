"""Numbers from ids of 16 and 64 bits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from inspector.capture.genicam.frame_ids import MOST_AHEAD, PERIOD, FrameIds

STEPS = st.lists(st.integers(1, MOST_AHEAD), max_size=50)


def short(index: int) -> int:
    """The id of 16 bits of a camera's frame ``index``: 1 to 65535, again and again."""
    return index % PERIOD + 1


@given(st.integers(0, PERIOD - 1), STEPS)
def test_numbers_count_the_ids_over_every_wrap(first: int, steps: list[int]) -> None:
    ids = FrameIds()
    assert ids.number(short(first)) == 0
    index = first
    for step in steps:
        index += step
        assert ids.number(short(index)) == index - first


@given(st.integers(0, 2**40), st.lists(st.integers(1, 2**20), max_size=50))
def test_numbers_count_ids_of_64_bits(first: int, steps: list[int]) -> None:
    ids = FrameIds(wide=True)
    assert ids.number(first) == 0
    index = first
    for step in steps:
        index += step
        assert ids.number(index) == index - first


def test_ids_are_taken_as_64_bits_from_the_first_that_is_too_large() -> None:
    ids = FrameIds()
    assert [ids.number(one) for one in (65533, 65534, 65535, 65536, 65538, 140_000)] == [0, 1, 2, 3, 5, 74_467]


def test_the_wrap_skips_no_number_and_zero_is_no_id() -> None:
    ids = FrameIds()
    assert [ids.number(one) for one in (65534, 65535, 1, 2, 4)] == [0, 1, 2, 3, 5]


@given(st.integers(0, PERIOD - 1), st.integers(0, MOST_AHEAD - 1))
def test_an_id_that_goes_back_has_no_number_and_counts_nothing(first: int, back: int) -> None:
    ids = FrameIds()
    ids.number(short(first))
    assert ids.number(short(first + PERIOD - back)) is None
    assert ids.number(short(first + 1)) == 1
