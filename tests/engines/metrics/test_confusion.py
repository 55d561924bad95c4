"""The confusion matrix against a plain loop."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engines.metrics.confusion import Confusion


def test_rates_by_hand() -> None:
    counted = Confusion()
    for caught, defective in [(True, True)] * 6 + [(False, True)] * 2 + [(True, False)] * 3 + [(False, False)] * 9:
        counted.add(caught=caught, defective=defective)
    assert (counted.tp, counted.fn, counted.fp, counted.tn) == (6, 2, 3, 9)
    assert (counted.defective, counted.clean) == (8, 12)
    assert (counted.recall, counted.false_alarm_rate, counted.precision) == (6 / 8, 3 / 12, 6 / 9)
    empty = Confusion()
    assert (empty.recall, empty.false_alarm_rate, empty.precision) == (None, None, None)


@given(st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), max_size=30), st.floats(0, 1))
def test_arrays_are_counted_as_frames_one_by_one(frames: list[tuple[float, bool]], threshold: float) -> None:
    plain = Confusion()
    for score, defective in frames:
        plain.add(caught=score >= threshold, defective=defective)
    scores, truth = (np.array([frame[i] for frame in frames], kind) for i, kind in enumerate((np.float32, np.bool_)))
    assert Confusion.at(threshold, scores, truth) == plain
    assert Confusion.of(scores.astype(np.float64) >= threshold, truth) == plain
