"""Run lengths as the Kaggle set writes them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.data.run_lengths import decode_run_lengths, encode_run_lengths


def test_runs_go_down_the_columns_from_one() -> None:
    mask = decode_run_lengths("1 2 6 1", height=3, width=2)
    np.testing.assert_array_equal(mask, [[True, False], [True, False], [False, True]])
    assert encode_run_lengths(mask) == "1 2 6 1"


def test_an_empty_cell_is_an_empty_mask() -> None:
    assert not decode_run_lengths("", 4, 5).any()
    assert encode_run_lengths(np.zeros((4, 5), np.bool_)) == ""


def test_runs_may_come_in_any_order() -> None:
    np.testing.assert_array_equal(decode_run_lengths("6 1 1 2", 3, 2), decode_run_lengths("1 2 6 1", 3, 2))


@pytest.mark.parametrize(
    ("encoded", "complaint"),
    [
        ("1 2 3", "3 numbers; expected pairs"),
        ("0 2", "the run 0 2 lies outside the pixels 1..6"),
        ("5 3", "the run 5 3 lies outside"),
        ("2 0", "the run 2 0 lies outside"),
        ("3 1 1 3", "the runs 1 3 and 3 1 overlap"),
        ("1 1.5", "'1.5' is no whole number"),
    ],
)
def test_impossible_runs_are_refused(encoded: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint.replace(".", r"\.")):
        decode_run_lengths(encoded, 3, 2)


@given(st.integers(1, 9), st.integers(1, 9), st.data())
def test_what_is_encoded_is_decoded(height: int, width: int, data: st.DataObject) -> None:
    flags = data.draw(st.lists(st.booleans(), min_size=height * width, max_size=height * width))
    region = np.array(flags).reshape(height, width)
    np.testing.assert_array_equal(decode_run_lengths(encode_run_lengths(region), height, width), region)
