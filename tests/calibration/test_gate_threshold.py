"""The gate threshold and the bound behind its promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.gate_threshold import choose_gate_threshold, miss_rate_bound

SCORES = np.array([0.1, 0.3, 0.4, 0.6, 0.8, 0.9], np.float32)
DEFECTIVE = np.array([False, True, False, True, True, True])


def test_all_defective_frames_are_kept_if_asked() -> None:
    choice = choose_gate_threshold(SCORES, DEFECTIVE, 1.0)
    assert choice.threshold == pytest.approx(0.2)
    assert (choice.missed, choice.passed_on, choice.recall, choice.pass_on_rate) == (0, 1, 1.0, 0.5)


def test_a_lower_recall_stops_more_clean_frames() -> None:
    choice = choose_gate_threshold(SCORES, DEFECTIVE, 0.75)
    assert choice.threshold == pytest.approx(0.5)
    assert (choice.missed, choice.passed_on) == (1, 0)


def test_without_a_defective_frame_there_is_nothing_to_choose() -> None:
    with pytest.raises(ValueError, match="defective frames"):
        choose_gate_threshold(SCORES, np.zeros(6, bool), 0.9)


@given(st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), min_size=1), st.floats(0.01, 1))
def test_the_recall_asked_for_is_kept(frames: list[tuple[float, bool]], recall: float) -> None:
    scores = np.array([score for score, _ in frames], np.float32)
    defective = np.array([truth for _, truth in frames])
    if defective.any() and scores[defective].min() > 1e-4:
        assert choose_gate_threshold(scores, defective, recall).recall >= recall - 1e-9


def test_the_bound_is_that_of_clopper_and_pearson() -> None:
    assert miss_rate_bound(0, 18, 0.95) == pytest.approx(1 - 0.05 ** (1 / 18), abs=1e-6)
    assert miss_rate_bound(2, 100, 0.95) == pytest.approx(0.06162, abs=1e-4)
    assert miss_rate_bound(5, 5, 0.95) == 1.0
