"""Frames with a verdict, as intervals, against a plain set."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from inspector.report.coverage import Coverage


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 8)), max_size=30), st.integers(0, 60))
def test_coverage_is_that_of_a_plain_set(ranges: list[tuple[int, int]], expected: int) -> None:
    coverage, seen, repeated = Coverage(), set[int](), 0
    for first, count in ranges:
        coverage.add(first, count)
        for number in range(first, first + count):
            repeated += number in seen
            seen.add(number)
    assert coverage.frames == len(seen)
    assert coverage.repeated == repeated
    assert coverage.missing(expected) == len(set(range(expected)) - seen)
    assert coverage.missing() == (max(seen) + 1 - len(seen) if seen else 0)


def test_coverage_of_a_long_run_out_of_order_is_one_interval() -> None:
    coverage = Coverage()
    for start in range(0, 100_000, 4):
        for number in (start + 2, start, start + 3, start + 1):
            coverage.add(number)
    assert coverage.frames == 100_000
    assert len(coverage._starts) == 1
