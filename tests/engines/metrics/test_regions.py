"""Regions, and defects matched by them, against a flood fill in plain Python."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engines.metrics.defects import DefectCounts
from engines.metrics.regions import class_regions, without_small_regions
from inspector.verdicts.regions import find_regions

Pixels = frozenset[tuple[int, int]]


@st.composite
def masks(draw: st.DrawFn, classes: int = 2) -> NDArray[np.uint8]:
    height, width = draw(st.integers(1, 7)), draw(st.integers(1, 9))
    values = st.lists(st.integers(0, 2**classes - 1), min_size=height * width, max_size=height * width)
    return np.array(draw(values), np.uint8).reshape(height, width)


def plain_regions(mask: NDArray[np.uint8], k: int) -> list[Pixels]:
    """The 8-connected regions of class k, by a flood fill."""
    left = {(int(y), int(x)) for y, x in zip(*np.nonzero(mask >> k & 1), strict=True)}
    found = []
    while left:
        region, edge = set(), [left.pop()]
        while edge:
            y, x = edge.pop()
            region.add((y, x))
            near = {(y + j, x + i) for j in (-1, 0, 1) for i in (-1, 0, 1)} & left
            left -= near
            edge += near
        found.append(frozenset(region))
    return found


@given(masks())
def test_regions_are_those_of_a_flood_fill(mask: NDArray[np.uint8]) -> None:
    for k in range(2):
        plain, regions = plain_regions(mask, k), class_regions(mask, k)
        assert regions.count == len(plain)
        assert regions.areas_px[0] == 0
        assert Counter(regions.areas_px[1:].tolist()) == Counter(map(len, plain))
        if regions.labels is not None:
            for region in plain:
                assert len({int(regions.labels[place]) for place in region}) == 1


@given(masks(), st.integers(0, 8), st.integers(0, 8))
def test_small_regions_are_those_of_which_the_line_makes_no_defect(
    mask: NDArray[np.uint8], first: int, second: int
) -> None:
    kept = without_small_regions(mask, (first, second))
    line = find_regions(mask, 2)
    large = np.zeros_like(mask)
    for i, (k, area) in enumerate(zip(line.class_index, line.area_px, strict=True)):
        if area >= (first, second)[k]:
            for run in range(line.first_run[i], line.first_run[i + 1]):
                large[line.run_y[run], line.run_x[run] : line.run_end[run]] |= np.uint8(1 << k)
    np.testing.assert_array_equal(kept, large)
    assert (kept is mask) == (mask == large).all()


@given(st.data())
def test_defects_are_found_and_false_by_iou(data: st.DataObject) -> None:
    true = data.draw(masks())
    values = st.lists(st.integers(0, 3), min_size=true.size, max_size=true.size)
    marked = np.array(data.draw(values), np.uint8).reshape(true.shape)
    counts = DefectCounts(2)
    counts.add(marked, true)
    for k in range(2):
        ours, theirs = plain_regions(marked, k), plain_regions(true, k)
        same = [(t, m) for t in theirs for m in ours if len(t & m) / len(t | m) > 0.1]
        assert (counts.true[k], counts.marked[k]) == (len(theirs), len(ours))
        assert counts.found[k] == len({t for t, _ in same})
        assert counts.false[k] == len(ours) - len({m for _, m in same})
