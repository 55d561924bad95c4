"""Points in the order of the strip: defects close together become one event, and events are put into lateral bands that overlap by half."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inspector.frames.coil import Face

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
LONGEST_OF_TOGETHER = 3.0
"""Events longer than so many `together_mm` are no marks."""


class Point(NamedTuple):
    """A defect: its class, its face, and its centre in the coordinates of the coil."""

    class_name: str
    face: Face
    x_mm: float
    along_mm: float


class Events(NamedTuple):
    """Events of one class on one face, in the order of the strip."""

    along: Floats
    x: Floats
    cell: Ints
    """Half a band: `floor(x / (band_mm / 2))`. Band b holds the cells b and b + 1."""


def events_of(along: Floats, x: Floats, band_mm: float, together_mm: float) -> Events:
    """Makes one event of points in one half of a band that follow each other by at most `together_mm`, at their mean; long ones are left out.

    A burst of defects, or a scratch that was seen in pieces, would else count as many witnesses of whatever phase it has.
    """
    cell = np.floor(x / (band_mm / 2)).astype(np.int64)
    order = np.lexsort((along, cell))
    along, x, cell = along[order], x[order], cell[order]
    begins = np.ones(len(along), bool)
    begins[1:] = (np.diff(along) > together_mm) | (np.diff(cell) != 0)
    first = np.flatnonzero(begins)
    if not len(first):
        return Events(along, x, cell)
    last = np.append(first[1:], len(along)) - 1
    size = last - first + 1
    mean_along, mean_x = np.add.reduceat(along, first) / size, np.add.reduceat(x, first) / size
    short = along[last] - along[first] <= LONGEST_OF_TOGETHER * together_mm
    mean_along, mean_x, cell = mean_along[short], mean_x[short], cell[first][short]
    order = np.argsort(mean_along, kind="stable")
    return Events(mean_along[order], mean_x[order], cell[order])
