"""Frames that carry their own answer, for engines that cost nearly nothing.

The high four bits of a pixel are the picture, a texture that the check of frames accepts. The low four are the class bitmask: the segmenter
gives them as they are. What real engines would count and reduce over the frame stands in the first pixels of the first row, a digit of
base 16 in the high bits of each: the gate's score, and for each class its pixel count and highest probability.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]
"""``uint8 [HEIGHT, WIDTH]``."""

HEIGHT, WIDTH = 256, 1600
CLASSES = ("pitting", "inclusion", "scratches", "corrosion")
BASE = 16
COUNT_DIGITS = 5
"""Digits of a class's pixel count, the lowest first; enough for every pixel of the frame."""
CLASS_DIGITS = COUNT_DIGITS + 1
"""The last one is the class's highest probability, in fifteenths. The gate's score, likewise, stands before those of the first class."""
MOST_DEFECTS = 20
_CELL_PX = WIDTH // MOST_DEFECTS
"""Each defect has some columns of its own, so that no two touch and their number is exact."""


def carrier(mask: Plane, seed: int) -> Plane:
    """A frame whose answer is ``mask``, which is 0 in the first row. The gate lets it through where the mask is not empty."""
    random = np.random.default_rng(seed)
    y, x = np.ogrid[:HEIGHT, :WIDTH]
    phase = random.uniform(0, 2 * np.pi, 3)
    waves = np.sin(x / 300 + y / 90 + phase[0]) + np.sin(y / 100 + phase[1]) + np.sin((x + 3 * y) / 900 + phase[2])
    # A grain, as neighbours that are equal would keep the check of frames busy for longer than real ones do. Periodic, so that it packs.
    grain = (7 * x % 5 + 3 * y % 5) % 5 * 0.8
    frame: Plane = ((6.5 + 1.5 * waves + grain).astype(np.uint8) << 4) | mask
    digits = [15 if mask.any() else 0]
    for index in range(len(CLASSES)):
        count = int(np.count_nonzero(mask >> index & 1))
        digits += [count // BASE**place % BASE for place in range(COUNT_DIGITS)]
        digits.append(int(random.integers(9, BASE)) if count else 0)
    frame[0, : len(digits)] = np.array(digits, np.uint8) << 4
    return frame


def answer(frame: Plane) -> tuple[float, tuple[float, ...]]:
    """The gate's score and the highest probability of each class that a frame carries."""
    digits = (frame[0, : 1 + CLASS_DIGITS * len(CLASSES)] >> 4).tolist()
    return digits[0] / 15, tuple(score / 15 for score in digits[CLASS_DIGITS::CLASS_DIGITS])


def defect_mask(defects: int, seed: int) -> Plane:
    """A mask with so many defects of one class each, at most ``MOST_DEFECTS``. Their sizes are spread like those of labelled defects on
    real strip (half of them are larger than 30 x 100 px), their outlines are wavy."""
    random = np.random.default_rng(seed)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    for cell in random.choice(MOST_DEFECTS, defects, replace=False).tolist():
        width = int(np.clip(random.lognormal(np.log(34), 0.5), 6, _CELL_PX - 4))
        height = int(np.clip(random.lognormal(np.log(99), 0.7), 10, HEIGHT - 4))
        top = int(random.integers(2, HEIGHT - height))
        bit = 1 << int(random.integers(len(CLASSES)))
        left = cell * _CELL_PX + 2
        mask[top : top + height, left : left + width] |= _blob(height, width, random) * np.uint8(bit)
    return mask


def noise_mask(seed: int) -> Plane:
    """Every class at random in every pixel, as engines give that are broken: the dearest mask that there is."""
    return np.random.default_rng(seed).integers(0, 1 << len(CLASSES), (HEIGHT, WIDTH), np.uint8)


def _blob(height: int, width: int, random: np.random.Generator) -> NDArray[np.bool_]:
    """One region in a box of this size."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    angle = np.arctan2(y, x)
    waves = sum(random.uniform(0, 0.1) * np.sin(k * angle + random.uniform(0, 2 * np.pi)) for k in (2, 3, 5, 9))
    return np.asarray(np.hypot(x, y) <= 0.8 + waves)
