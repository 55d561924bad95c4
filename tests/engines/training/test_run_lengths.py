"""Run lengths as the Kaggle set writes them."""

from __future__ import annotations

import numpy as np
import pytest

from engines.training.run_lengths import decode_run_lengths


def test_runs_go_down_the_columns_from_one() -> None:
    mask = decode_run_lengths("1 2 6 1", height=3, width=2)
    np.testing.assert_array_equal(mask, [[True, False], [True, False], [False, True]])


def test_an_empty_cell_is_an_empty_mask() -> None:
    assert not decode_run_lengths("", 4, 5).any()


@pytest.mark.parametrize(
    ("encoded", "complaint"),
    [("1 2 3", "pairs"), ("0 2", "leaves the frame"), ("5 3", "leaves the frame"), ("1 3 3 1", "overlap")],
)
def test_impossible_runs_are_refused(encoded: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        decode_run_lengths(encoded, 3, 2)
