"""Masks that are hard to measure: shapes whose regions join late or not at all, runs at the ends of rows, every density of noise."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.bool_]
Dice = np.random.Generator

_MEAN_SIDE = 40
_FRAME = (256, 1600)


def hard_mask(dice: Dice, classes: int = 8) -> NDArray[np.uint8]:
    """Any of the shapes, for any of ``classes`` classes, laid over each other; uint8 ``[H, W]``, often small, sometimes a whole frame."""
    size = _size(dice)
    mask = np.zeros(size, dtype=np.uint8)
    for _ in range(int(dice.integers(1, 5))):
        plane = SHAPES[dice.integers(len(SHAPES))](dice, *size)
        bits = np.uint8(dice.integers(1, 1 << classes) if dice.random() < 0.3 else 1 << dice.integers(classes))
        how = dice.random()
        if how < 0.7:
            mask[plane] |= bits
        elif how < 0.85:
            mask[plane] ^= bits
        else:
            mask[plane] &= ~bits
    return mask


def _size(dice: Dice) -> tuple[int, int]:
    """One row, one column and one pixel as often as a frame; widths beside the multiples of words."""
    kind = dice.random()
    if kind < 0.03:
        return _FRAME
    height, width = (1 + int(side) for side in dice.exponential(_MEAN_SIDE, 2))
    if kind < 0.1:
        return 1, width * 4
    if kind < 0.17:
        return height * 4, 1
    if kind < 0.5:
        return height, max(1, 8 * (width // 8 + 1) + int(dice.integers(-2, 3)))
    return height, width


def noise(dice: Dice, height: int, width: int) -> Plane:
    return dice.random((height, width)) < 2.0 ** -dice.uniform(0, 10)


def full(dice: Dice, height: int, width: int) -> Plane:
    return np.ones((height, width), dtype=np.bool_)


def checkerboard(dice: Dice, height: int, width: int) -> Plane:
    """Joined by corners only; every second row of it left out: nothing joined."""
    y, x = np.mgrid[:height, :width] // dice.integers(1, 4)
    return (x + y) % 2 == 0 if dice.random() < 0.5 else (x % 2 == 0) & (y % 2 == 0)


def comb(dice: Dice, height: int, width: int) -> Plane:
    """Teeth that are joined in the last row, or in the first, or in both in turn."""
    plane = np.zeros((height, width), dtype=np.bool_)
    step = int(dice.integers(2, 5))
    plane[:, ::step] = True
    joined = dice.integers(3)
    if joined == 2:
        for tooth in range(0, width - step, step):
            plane[0 if tooth // step % 2 else -1, tooth : tooth + step] = True
    else:
        plane[-joined] = True
    return plane


def spiral(dice: Dice, height: int, width: int) -> Plane:
    """One line of a pixel from the outside to the middle."""
    plane = np.zeros((height, width), dtype=np.bool_)
    top, left, bottom, right, gap = 0, 0, height - 1, width - 1, int(dice.integers(2, 4))
    while top <= bottom and left <= right:
        plane[top, max(left - gap, 0) : right + 1] = True
        plane[top : bottom + 1, right] = True
        plane[bottom, left : right + 1] = True
        plane[min(top + gap, bottom) : bottom + 1, left] = True
        top, left, bottom, right = top + gap, left + gap, bottom - gap, right - gap
    return plane


def nested(dice: Dice, height: int, width: int) -> Plane:
    """Letters U, or frames, in each other: the same rows hold many regions, which join in the last of them."""
    plane = np.zeros((height, width), dtype=np.bool_)
    closed, step = dice.random() < 0.5, int(dice.integers(2, 4))
    for inset in range(0, min(height, width) // 2, step):
        top, left, bottom, right = inset, inset, height - 1 - inset, width - 1 - inset
        plane[top : bottom + 1, left] = plane[top : bottom + 1, right] = plane[bottom, left : right + 1] = True
        if closed:
            plane[top, left : right + 1] = True
    return plane


def stairs(dice: Dice, height: int, width: int) -> Plane:
    """Diagonals, to both sides."""
    y, x = np.mgrid[:height, :width]
    return (x + (y if dice.random() < 0.5 else -y)) % int(dice.integers(2, 12)) == 0


def row_ends(dice: Dice, height: int, width: int) -> Plane:
    """Runs to the end of a row, and on from the beginning of the next."""
    plane = np.zeros((height, width), dtype=np.bool_)
    side = max(1, int(width * dice.random()))
    plane[:: int(dice.integers(1, 4)), -side:] = True
    plane[1 :: int(dice.integers(1, 4)), :side] = True
    return plane


def stripes(dice: Dice, height: int, width: int) -> Plane:
    y, x = np.mgrid[:height, :width]
    along, step = (x, y)[dice.integers(2)], int(dice.integers(2, 6))
    return along % step < dice.integers(1, step)


def specks(dice: Dice, height: int, width: int) -> Plane:
    """A few pixels, the corners among them."""
    plane = np.zeros((height, width), dtype=np.bool_)
    plane[dice.integers(height, size=3), dice.integers(width, size=3)] = True
    plane[-dice.integers(2), -dice.integers(2)] = True
    return plane


def blobs(dice: Dice, height: int, width: int) -> Plane:
    """Ellipses at any angle: what defects look like."""
    plane = np.zeros((height, width), dtype=np.uint8)
    for _ in range(int(dice.integers(1, 12))):
        centre = int(dice.integers(width)), int(dice.integers(height))
        axes = int(dice.integers(1, 2 + width // 4)), int(dice.integers(1, 2 + height // 8))
        cv2.ellipse(plane, centre, axes, float(dice.uniform(0, 180)), 0, 360, 1, -1)
    return plane.astype(np.bool_)


SHAPES: tuple[Callable[[Dice, int, int], Plane], ...] = (
    noise, full, checkerboard, comb, spiral, nested, stairs, row_ends, stripes, specks, blobs,
)  # fmt: skip
