"""Defects one by one, and masks without specks, on masks drawn by hand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engines.metrics.defects import DefectCounts
from engines.metrics.overlap import overlap
from engines.metrics.regions import without_small_regions


def mask(*rows: str) -> NDArray[np.uint8]:
    """Digits are bitmasks."""
    return np.array([[int(digit) for digit in row] for row in rows], dtype=np.uint8)


def counted(marked: NDArray[np.uint8] | None, true: NDArray[np.uint8] | None) -> DefectCounts:
    counts = DefectCounts(2)
    counts.add(marked, true)
    return counts


def test_defects_of_each_kind() -> None:
    # Class 0: the left one is found (IoU 2/4), the right one is not touched; class 1 is marked where there is none.
    one = counted(mask("1110000222", "0000000000"), mask("0111000000", "0000000001"))
    assert (one.true, one.found, one.marked, one.false) == ([2, 0], [1, 0], [1, 1], [0, 1])
    assert one.recall_of_all == (1, 2)
    assert one.false_per_frame == (1, 1)
    assert one.recall(1).value is None


def test_the_class_counts_and_iou_must_exceed_a_tenth() -> None:
    assert counted(mask("2222"), mask("1111")).found == [0, 0]
    # 1 of 10 pixels is exactly IoU 0.1: not enough; 1 of 9 is.
    assert counted(mask("1000000000"), mask("1111111111")).found == [0, 0]
    assert counted(mask("1000000000"), mask("0000000000")).false == [1, 0]
    assert counted(mask("1000000000"), mask("1111111110")).found == [1, 0]
    assert counted(mask("1000000000"), mask("1111111110")).false == [0, 0]


def test_diagonal_pixels_are_one_defect_and_pieces_are_judged_one_by_one() -> None:
    diagonal = mask("1000", "0100", "0010")
    assert counted(diagonal, diagonal).true == [1, 0]
    # One true defect of 8 pixels marked in pieces of 3 and 1: it is found, the second piece too (1/8); neither is false.
    pieces = counted(mask("11101000"), mask("11111111"))
    assert (pieces.true, pieces.found, pieces.marked, pieces.false) == ([1, 0], [1, 0], [2, 0], [0, 0])


def test_empty_masks_and_sums_over_frames() -> None:
    total = counted(None, None)
    assert total.recall_of_all.value is None
    assert total.false_per_frame.value == 0
    total.merge(counted(None, mask("1011")))
    total.merge(counted(mask("0202"), None))
    assert (total.frames, total.true, total.found, total.false) == (3, [2, 0], [0, 0], [0, 2])
    assert total.false_per_frame.value == 2 / 3


def test_specks_of_each_class_go_by_its_own_minimum() -> None:
    marked = mask("1100300", "0000020")
    kept = without_small_regions(marked, (2, 2))
    assert kept.tolist() == mask("1100200", "0000020").tolist()
    assert without_small_regions(marked, (1, 1)) is marked
    assert without_small_regions(marked, (0, 3)).tolist() == mask("1100100", "0000000").tolist()
    assert not without_small_regions(marked, (9, 9)).any()
    assert overlap(marked, None, 2).marked.tolist() == [3, 2]  # the given mask is left as it was
