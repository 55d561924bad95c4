"""How much of the strip was inspected between two places, by face and by place across."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from itertools import accumulate

import numpy as np

from inspector.coil.periodic.events import Floats, Ints
from inspector.frames.coil import Area, Face

APART = 1e9
"""mm between the lanes on the one axis on which all of them lie: more than any coil is long."""
ONE_STRETCH_MM = 0.5
"""Stretches of a camera with less than this between them are one."""


class Inspected:
    """The inspected stretches, which grow at the end of the strip."""

    def __init__(self) -> None:
        self._stretches: dict[tuple[Face, float, float], list[list[float]]] = {}
        self._lanes: dict[tuple[Face, tuple[tuple[float, float], ...]], int] = {}
        self._axis: tuple[Floats, Floats] | None = None

    def add(self, areas: Iterable[Area]) -> None:
        """Takes stretches of any camera in any order; what is shown twice counts once."""
        for area in areas:
            stretches = self._stretches.setdefault((area.face, area.x_from_mm, area.x_to_mm), [])
            if stretches and stretches[-1][0] <= area.from_mm <= stretches[-1][1] + ONE_STRETCH_MM:
                stretches[-1][1] = max(stretches[-1][1], area.to_mm)
            else:
                stretches.append([area.from_mm, area.to_mm])
            self._axis = None

    @property
    def cameras(self) -> int:
        """How many places across were given stretches. Lanes have to be asked for again when there are more."""
        return len(self._stretches)

    def lane(self, face: Face, x_mm: float) -> int:
        """The number under which it is asked for this place across."""
        cameras = tuple(
            sorted((low, high) for side, low, high in self._stretches if side == face and low <= x_mm <= high)
        )
        known = len(self._lanes)
        number = self._lanes.setdefault((face, cameras), known)
        if number == known:
            self._axis = None
        return number

    def before(self, lane: Ints, along_mm: Floats) -> Floats:
        """mm of strip that were inspected before each place. Only differences of it within one lane mean something."""
        if self._axis is None:
            self._axis = self._drawn()
        return np.interp(lane * APART + along_mm, *self._axis)

    def between(self, face: Face, x_mm: float) -> Callable[[float, float], float]:
        """What tells how much was inspected between two places, the lower one first, of all that is known now."""
        cameras = [s for (side, a, b), s in self._stretches.items() if side == face and a <= x_mm <= b]
        stretches = _union([stretch for camera in cameras for stretch in camera])
        begins, ends = [low for low, _ in stretches], [high for _, high in stretches]
        sums = list(accumulate((high - low for low, high in stretches), initial=0.0))

        def before(place: float) -> float:
            at = bisect_right(begins, place)
            return sums[at] - max(0.0, ends[at - 1] - place) if at else 0.0

        return lambda low, high: max(0.0, before(high) - before(low))

    def _drawn(self) -> tuple[Floats, Floats]:
        places, sums, total = [-APART], [0.0], 0.0
        for (face, cameras), lane in sorted(self._lanes.items(), key=lambda item: item[1]):
            for low, high in _union([s for x in cameras for s in self._stretches[face, x[0], x[1]]]):
                places += [lane * APART + low, lane * APART + high]
                sums += [total, total + high - low]
                total += high - low
        return np.array(places), np.array(sums)


def _union(stretches: list[list[float]]) -> list[list[float]]:
    found: list[list[float]] = []
    for low, high in sorted(stretches):
        if found and low <= found[-1][1]:
            found[-1][1] = max(found[-1][1], high)
        else:
            found.append([low, high])
    return found
