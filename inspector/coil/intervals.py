"""Stretches of a line: joined, cut out of one another, measured. A stretch is (from, to); the unit is that of the caller."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Stretch = tuple[float, float]


def joined(stretches: Iterable[Stretch], apart: float = 0.0) -> list[Stretch]:
    """The same places as the fewest stretches, in order; those at most ``apart`` from each other become one."""
    found: list[Stretch] = []
    for first, last in sorted(stretches):
        if last < first:
            continue
        if found and first <= found[-1][1] + apart:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def within(stretches: Iterable[Stretch], bounds: Stretch) -> Iterator[Stretch]:
    """What of them lies within ``bounds``; those that only touch it are left out, points inside it are kept."""
    low, high = bounds
    for first, last in stretches:
        if (first < high and last > low) or (first == last and low <= first <= high):
            yield max(first, low), min(last, high)


def length(stretches: Iterable[Stretch]) -> float:
    """How much they cover together."""
    return sum(last - first for first, last in joined(stretches))


def between(stretches: Iterable[Stretch], bounds: Stretch) -> list[Stretch]:
    """What of ``bounds`` they leave free, in order. A stretch without length divides too."""
    free: list[Stretch] = []
    at = bounds[0]
    for first, last in joined(within(stretches, bounds)):
        if first > at:
            free.append((at, first))
        at = max(at, last)
    if at < bounds[1]:
        free.append((at, bounds[1]))
    return free
