"""Every figure of masks against values worked out by hand, and the counting under it against the plain definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engines.metrics.detection import Detection
from engines.metrics.dice import DefectivePixels, KaggleDice, PositivePairs, dice, iou
from engines.metrics.overlap import overlap


def mask(*rows: str) -> NDArray[np.uint8]:
    """Digits are bitmasks."""
    return np.array([[int(digit) for digit in row] for row in rows], dtype=np.uint8)


# Class 0: 3 true, 4 marked, 2 shared. Class 1: 2 true, 1 marked, none shared. Whatever the class: 4, 5 and 3.
TRUE = mask("11300", "20000")
MARKED = mask("11021", "10000")
FRAME = overlap(MARKED, TRUE, 2)
CLEAN = overlap(None, None, 2)
FALSE = overlap(mask("11000", "00000"), None, 2)
MISSED = overlap(None, mask("00000", "02200"), 2)
FOUR = (FRAME, CLEAN, FALSE, MISSED)


def test_overlap_counts_each_class_and_any() -> None:
    counted = overlap(mask("12003", "00000"), mask("11020", "20000"), 2)
    assert counted.true.tolist() == [2, 2]
    assert counted.marked.tolist() == [2, 2]
    assert counted.both.tolist() == [1, 0]
    assert counted.true_marked.tolist() == [2, 0]
    assert (counted.any_true, counted.any_marked, counted.any_both) == (4, 3, 2)
    assert counted.defective


@given(st.data(), st.integers(1, 8))
def test_overlap_is_the_plain_definition(data: st.DataObject, classes: int) -> None:
    pixels = st.lists(st.integers(0, 2**classes - 1), min_size=12, max_size=12)
    true, marked = (np.array(data.draw(pixels), np.uint8).reshape(3, 4) for _ in range(2))
    counted = overlap(marked, true, classes)
    for k in range(classes):
        t, m = (true >> k & 1).astype(bool), (marked >> k & 1).astype(bool)
        assert counted.true[k] == t.sum()
        assert counted.marked[k] == m.sum()
        assert counted.both[k] == (t & m).sum()
        assert counted.true_marked[k] == (t & (marked > 0)).sum()
    assert counted.any_both == ((true > 0) & (marked > 0)).sum()
    np.testing.assert_array_equal(overlap(None, true, classes).true, counted.true)
    np.testing.assert_array_equal(overlap(marked, None, classes).marked, counted.marked)


def test_overlap_refuses_what_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        overlap(mask("00"), mask("000"), 2)
    with pytest.raises(ValueError, match="a class beyond those of the model"):
        overlap(mask("4"), None, 2)


def test_dice_of_sets() -> None:
    assert dice(2, 4, 4) == 0.5
    assert dice(0, 0, 0) == 1
    assert dice(0, 3, 0) == 0


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=8))
def test_dice_and_iou_of_arrays_are_those_of_each_pair_of_sets(sizes: list[tuple[int, int, int]]) -> None:
    both, only_marked, only_true = (np.array(one) for one in zip(*sizes, strict=True))
    of_dice, of_iou = (figure(both, both + only_marked, both + only_true) for figure in (dice, iou))
    for i, (common, marked, true) in enumerate(sizes):
        assert of_dice[i] == (2 * common / (2 * common + marked + true) if common + marked + true else 1)
        assert of_iou[i] == (common / (common + marked + true) if common + marked + true else 1)


def test_positive_pairs_are_the_frames_that_have_the_class() -> None:
    # FRAME class 0: marked 4 (11, 1, 1), true 3, both 2: Dice 4/7, IoU 2/5. Class 1: marked 1, true 2, both 0: 0.
    # MISSED class 1: 0. FALSE and CLEAN do not count.
    pairs = PositivePairs(2)
    for frame in FOUR:
        pairs.add(frame)
    assert pairs.frames == [1, 2]
    assert pairs.dice(0).value == pytest.approx(4 / 7)
    assert pairs.iou(0).value == pytest.approx(2 / 5)
    assert pairs.dice(1).value == 0
    assert pairs.dice_of_all == pytest.approx((4 / 7, 3))
    assert PositivePairs(1).dice(0).value is None


def test_kaggle_mean_dice_counts_empty_pairs_as_right() -> None:
    # Pairs: 4/7, 0 | 1, 1 | 0, 1 | 1, 0; the truth is empty in 5 of 8.
    kaggle = KaggleDice(2)
    assert kaggle.mean.value is None
    for frame in FOUR:
        kaggle.add(frame)
    assert kaggle.mean.value == pytest.approx((4 / 7 + 0 + 1 + 1 + 0 + 1 + 1 + 0) / 8)
    assert kaggle.all_empty.value == pytest.approx(5 / 8)


def test_defective_pixels_pool_the_defective_frames() -> None:
    # FRAME and MISSED: by class both 2, marked 5, true 5 + 2; whatever the class both 3, marked 5, true 4 + 2.
    pixels = DefectivePixels()
    assert pixels.by_class.value is None
    for frame in FOUR:
        pixels.add(frame)
    assert pixels.by_class.value == pytest.approx(2 * 2 / (5 + 7))
    assert pixels.any_class.value == pytest.approx(2 * 3 / (5 + 6))


def test_detection_tells_found_from_mistaken_and_false() -> None:
    detection = Detection(2)
    for frame in (*FOUR, overlap(mask("10000", "00000"), mask("20000", "00000"), 2)):
        detection.add(frame)
    assert detection.frames == [1, 3]
    assert detection.found == [1, 0]
    # FRAME's class-1 pixel at the lower left is marked as class 0, as is the last frame's.
    assert detection.as_other == [0, 2]
    # Class 0 is marked in FALSE and in the last frame, which do not have it.
    assert detection.false == [2, 0]
