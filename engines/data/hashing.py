"""A perceptual hash for long grey frames, and the frames that are near-duplicates by it.

The hash is the classic DCT hash (C. Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010) with
a grid that follows the shape of the frame: the frame is averaged to 8 pixels a grid cell, and the signs of its lowest cosine
coefficients, without the constant row and column, are the hash: about 256 of them, 6x42 for frames of 256x1600, 16x16 for square
ones. Steel is all texture: coarse shadows are alike on every frame and fine grain does not survive a JPEG, which is why hashes of
neighbouring pixels or of the full-resolution texture tell frames apart worse.

Two frames are near-duplicates where at most ``NEAR`` of the signs differ, in whichever of the flips (and, on a square
grid, quarter turns) is closest: a flip only changes the signs of odd rows or columns, a turn transposes the grid.

How ``NEAR`` was chosen:

- Severstal, 180 different frames: the closest two differ in 31 % of the signs. Copies of them stored as JPEG of quality 60, made darker,
  stretched in gamma, halved and doubled, given noise of 6 levels, or shifted by 4 and 5 px all come within 25 %; brightened into saturation, or
  cropped by 1 % and stretched back, 179 of 180 do.
- 1,500 simulated sheets, 1.1 million pairs: none within 25 %.
- Magnetic tiles, photographed under six exposures: 95 % of the pairs within 25 % have numbers that follow each other, and those looked at
  of the rest showed the same tile; from 25 to 30 % the share falls to 83 % and 68 %. Two thirds of the exposures of a tile are found.
- NEU-Seg, whose list joins flips and turns of one base image: all 5,744 pairs of its groups are found, but for one group (of 32
  frames that plainly differ). It also finds 1,334 pairs that the list does not join; of 20 drawn at random and looked at, 19 were
  composites of the same base image.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.data.images import Grey

Hash = NDArray[np.int8]
"""``int8 [rows, columns]``: -1 or 1; all 0 for a frame that shows nothing, which is like no other."""

NEAR = 0.25
"""Share of signs that may differ between near-duplicates."""

_SIGNS = 256
_CELL_PX = 8
_FLAT = 0.5
"""Standard deviation, in grey levels, below which an averaged frame shows nothing."""
_BLOCK = 1024


class Pair(NamedTuple):
    """Two near-duplicates, by index."""

    first: int
    second: int
    distance: float
    """Share of signs that differ, 0..``NEAR``."""


def hash_grid(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of the hash of frames of this shape; hashes compare only on one grid."""
    rows = min(max(round((_SIGNS * height / width) ** 0.5), 4), _SIGNS // 4)
    return rows, _SIGNS // rows


def perceptual_hash(pixels: Grey, grid: tuple[int, int]) -> Hash:
    """The hash of a frame of any size ``uint8 [H, W]`` on ``grid``."""
    rows, columns = grid
    small = cv2.resize(pixels, (columns * _CELL_PX, rows * _CELL_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    if small.std() < _FLAT:
        return np.zeros(grid, np.int8)
    waves = cv2.dct(small)[1 : rows + 1, 1 : columns + 1]
    return np.where(waves >= 0, 1, -1).astype(np.int8)


def near_duplicates(hashes: NDArray[np.int8], limit: float = NEAR) -> list[Pair]:
    """Links between near-duplicates among ``int8 [n, rows, columns]``: pairs within ``limit``, the first index below the second.

    They join every group of near-duplicates, also through others, by the fewest pairs: one less than the group has frames. All pairs would
    be 12.5 million for 5,000 frames of a strip that stood still. Memory grows with the frames, time with their square.
    """
    count = len(hashes)
    signs = hashes[0].size if count else 0
    least = (1 - 2 * limit) * signs - 1e-3
    group = np.arange(count)
    pairs = []
    for start in range(0, count, _BLOCK):
        block = hashes[start : start + _BLOCK]
        turned = [one.reshape(len(block), -1).astype(np.float32) for one in _turned(block)]
        for other in range(start, count, _BLOCK):
            flat = hashes[other : other + _BLOCK].reshape(-1, signs).astype(np.float32)
            likeness = turned[0] @ flat.T
            for one in turned[1:]:
                np.maximum(likeness, one @ flat.T, out=likeness)
            for row, column in _links(likeness, least, group, start, other):
                distance = (1 - float(likeness[row, column]) / signs) / 2
                pairs.append(Pair(start + row, other + column, distance))
    return pairs


def _links(
    likeness: NDArray[np.float32], least: float, group: NDArray[np.intp], start: int, other: int
) -> Iterator[tuple[int, int]]:
    """The cells of a tile that join two groups, the closest of each row; ``group``, which every frame has, is joined accordingly."""
    near = likeness >= least
    if start == other:
        near = np.triu(near, 1)
    columns = group[other : other + likeness.shape[1]]
    near &= columns[None, :] != group[start : start + likeness.shape[0], None]
    for row in np.flatnonzero(near.any(axis=1)).tolist():
        mine = group[start + row]
        cells = np.flatnonzero(near[row] & (columns != mine))
        cells = cells[np.argsort(-likeness[row, cells], kind="stable")]
        joined, first = np.unique(columns[cells], return_index=True)
        for cell in sorted(cells[first].tolist()):
            yield row, cell
        if len(joined):
            group[np.isin(group, joined)] = mine


def _turned(hashes: NDArray[np.int8]) -> list[NDArray[np.int8]]:
    """The hashes as they are, flipped either way and both; on a square grid also transposed."""
    _, rows, columns = hashes.shape
    upside = np.where(np.arange(1, rows + 1) % 2, -1, 1).astype(np.int8)[:, None]
    sideways = np.where(np.arange(1, columns + 1) % 2, -1, 1).astype(np.int8)[None, :]
    flips = [hashes, hashes * sideways, hashes * upside, hashes * upside * sideways]
    return flips + [np.swapaxes(one, 1, 2) for one in flips] if rows == columns else flips
