"""The overlap of neighbouring cameras: what both show is one defect, and counts once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inspector.coil.component import Component
from inspector.coil.labelling import Labels


@dataclass(slots=True)
class Crop:
    """Regions of one class of one frame, where a neighbouring camera looks too."""

    class_name: str
    from_mm: float
    """Of the first line, along the coil."""
    x_from_mm: float
    """Of the first column."""
    mm_per_line: float
    mm_per_column: float
    labels: Labels
    """``[lines, columns]``; 0: not set."""
    fill: float
    components: dict[int, Component]
    """By label."""

    @property
    def to_mm(self) -> float:
        """Behind the last line."""
        return self.from_mm + len(self.labels) * self.mm_per_line

    @property
    def x_to_mm(self) -> float:
        """Behind the last column."""
        return self.x_from_mm + int(self.labels.shape[1]) * self.mm_per_column


class Common(NamedTuple):
    """Two components that are one, and what both show."""

    one: Component
    other: Component
    area_mm2: float
    along_mm: float
    x_mm: float
    """Centre of what both show."""


def common(one: Crop, other: Crop, across_mm: float) -> Iterator[Common]:
    """What the crops of two cameras have in common, once for each pair of regions that share pixels or touch at a corner. ``across_mm``: how
    far apart across the coil they may be where they meet nothing otherwise; for cameras that do not overlap."""
    if one.class_name != other.class_name:
        return
    grid = _grid(one, other, across_mm)
    if grid is None:
        return
    along, across, mm2 = grid
    first, second = _sampled(one, along, across), _sampled(other, along, across)
    pairs: set[tuple[int, int]] = set()
    for a, b, points, line, column in _shared(first, second):
        pairs.add((a, b))
        area_mm2 = points * mm2 * max(one.fill, other.fill)
        place = float(along[0] + line * (along[1] - along[0])), float(across[0] + column * (across[1] - across[0]))
        yield Common(one.components[a], other.components[b], area_mm2, *place)
    touching = _touching(first, second, 1)
    if across_mm > 0:
        met, met_there = {a for a, _ in touching}, {b for _, b in touching}
        reach = 1 + int(across_mm / min(one.mm_per_column, other.mm_per_column) + 1e-6)
        touching |= {(a, b) for a, b in _touching(first, second, reach) if a not in met and b not in met_there}
    for a, b in touching - pairs:
        yield Common(one.components[a], other.components[b], 0.0, 0.0, 0.0)


def _grid(one: Crop, other: Crop, across_mm: float) -> tuple[NDArray[np.float64], NDArray[np.float64], float] | None:
    """Middles of the lines and columns of a grid over what both show, a pixel further on each side; and the area of a point."""
    line, column = min(one.mm_per_line, other.mm_per_line), min(one.mm_per_column, other.mm_per_column)
    spare = column + across_mm
    along = max(one.from_mm, other.from_mm) - line, min(one.to_mm, other.to_mm) + line
    across = max(one.x_from_mm, other.x_from_mm) - spare, min(one.x_to_mm, other.x_to_mm) + spare
    lines, columns = round((along[1] - along[0]) / line), round((across[1] - across[0]) / column)
    if lines < 2 or columns < 2:
        return None
    middles = np.arange(lines, dtype=np.float64) + 0.5, np.arange(columns, dtype=np.float64) + 0.5
    return along[0] + middles[0] * line, across[0] + middles[1] * column, line * column


def _sampled(crop: Crop, along: NDArray[np.float64], across: NDArray[np.float64]) -> Labels:
    """The label at each point of the grid."""
    lines = np.floor((along - crop.from_mm) / crop.mm_per_line).astype(np.int64)
    columns = np.floor((across - crop.x_from_mm) / crop.mm_per_column).astype(np.int64)
    height, width = crop.labels.shape
    inside_lines, inside_columns = (lines >= 0) & (lines < height), (columns >= 0) & (columns < width)
    sampled = np.zeros((len(lines), len(columns)), dtype=np.int32)
    sampled[np.ix_(inside_lines, inside_columns)] = crop.labels[np.ix_(lines[inside_lines], columns[inside_columns])]
    return sampled


def _shared(first: Labels, second: Labels) -> Iterator[tuple[int, int, int, float, float]]:
    """Labels that share points of the grid: both, how many points, and the mean of their lines and columns."""
    lines, columns = np.nonzero((first > 0) & (second > 0))
    if not len(lines):
        return
    labels = np.stack((first[lines, columns], second[lines, columns]), axis=1)
    pairs, index, counts = np.unique(labels, axis=0, return_inverse=True, return_counts=True)
    index = index.ravel()
    means = (np.bincount(index, at) / counts for at in (lines, columns))
    for (a, b), count, line, column in zip(
        pairs.tolist(), counts.tolist(), *(mean.tolist() for mean in means), strict=True
    ):
        yield a, b, count, line, column


def _touching(first: Labels, second: Labels, reach: int) -> set[tuple[int, int]]:
    """Pairs of labels with pixels at most a line and ``reach`` columns apart."""
    found: set[tuple[int, int]] = set()
    height, width = first.shape
    for down in (-1, 0, 1):
        for right in range(-reach, reach + 1):
            if abs(right) >= width or height <= 1:
                continue
            a = first[max(0, down) : height + min(0, down), max(0, right) : width + min(0, right)]
            b = second[max(0, -down) : height + min(0, -down), max(0, -right) : width + min(0, -right)]
            both = (a > 0) & (b > 0)
            if both.any():
                found |= set(zip(a[both].tolist(), b[both].tolist(), strict=True))
    return found
