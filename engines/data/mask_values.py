"""What the values in masks mean: told by the values themselves only where they leave no doubt.

- Simulated sheets: bitmasks, as `inspector simulate` writes them.
- 0 and 255 (or close to it), and nothing between, or only soft edges, as a JPEG or another size leaves them: binary. Edges have more values
  than there can be classes, none of which fills an area.
- 0..K, at most as many as there are classes: class numbers; unless they may as well be bits, and would mean something else.
- Anything else, such as classes made visible as 50, 100, 150, or 255 for "do not care" beside class numbers: the user has to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.data.images import Grey, Size
from engines.data.masks import MaskStyle, brief_values, read_mask_image

WHITE = 247
"""Least value that is white: of an edge or a JPEG no more than 8 may be lost."""

_DARK = 8
"""Greatest value that is black in a mask that is said to be binary; a JPEG has such."""

MOST_CLASSES = 8
"""A class is a bit of a byte."""


@dataclass(frozen=True, slots=True, eq=False)
class MaskValues:
    """Which values masks hold."""

    present: NDArray[np.bool_]
    """``bool [256]``."""
    solid: NDArray[np.bool_]
    """``bool [256]``: which fill a square of 3 x 3 pixels somewhere. A soft edge has values that do not."""

    @property
    def highest(self) -> int:
        """0 where there are no masks."""
        return int(np.flatnonzero(self.present).max(initial=0))

    def __str__(self) -> str:
        return brief_values(np.flatnonzero(self.present).tolist())


def values_in(path: Path, size: Size | None) -> MaskValues:
    """The values in a mask image. Raises DataError for what is no mask, or not of ``size``."""
    mask = read_mask_image(path, size)
    present = _which(mask)
    between = present[_DARK + 1 : WHITE].any()
    return MaskValues(present, _which(mask[_filling(mask)]) if between else present)


def values_of_all(masks: Sequence[MaskValues]) -> MaskValues:
    """The values in any of the masks."""
    nothing = np.zeros((1, 256), np.bool_)
    return MaskValues(
        np.logical_or.reduce([*nothing, *(one.present for one in masks)]),
        np.logical_or.reduce([*nothing, *(one.solid for one in masks)]),
    )


def style_of(
    values: MaskValues, classes: Sequence[str] | None, *, simulated: bool, lists_classes: bool
) -> MaskStyle | None:
    """What the values of all masks mean, by the rules above; None where there is doubt.

    ``classes`` where they are known; ``simulated`` where `inspector simulate` wrote the masks; ``lists_classes`` where there is a list of
    frames, which names the class of each binary mask.
    """
    if simulated:
        return MaskStyle.BITMASK
    drawn = np.flatnonzero(values.present[1:]) + 1
    count = len(classes) if classes else MOST_CLASSES
    if values.highest <= count:
        return None if _may_be_bits(drawn) else MaskStyle.CLASS_NUMBER
    one_class = not classes or len(classes) == 1 or lists_classes
    return MaskStyle.BINARY if one_class and _black_and_white(values) else None


def binary_problem(values: MaskValues) -> str:
    """Why the values are none of binary masks, in a clause; empty where they may be.

    One value above 127 beside 0, whichever; or white, with soft edges around it.
    """
    drawn = np.flatnonzero(values.present[1:]) + 1
    between = np.flatnonzero(values.solid[_DARK + 1 : WHITE]) + _DARK + 1
    if len(drawn) == 0:
        return ""
    if drawn[-1] <= 127:
        return f"{_hold(values)}, and nothing above 127, which is what a binary mask marks"
    if len(drawn) > 1 and (drawn[-1] < WHITE or len(between)):
        return f"{_hold(values)}, more than the 0 and 255 of binary masks"
    return ""


def doubt(values: MaskValues, classes: Sequence[str] | None) -> str:
    """What to say where `style_of` is None, in a clause."""
    if values.highest <= (len(classes) if classes else MOST_CLASSES):
        return f"masks {_hold(values)}, which may be class numbers or the bits of classes"
    if classes and _black_and_white(values):
        return f"masks {_hold(values)}, which is one class, but there are {len(classes)}"
    known = f" 0..{len(classes)}" if classes else ""
    return f"masks {_hold(values)}, which are neither class numbers{known} nor only 0 and 255"


def _black_and_white(values: MaskValues) -> bool:
    """Whether areas are 0 or white, and what is between can only be edges."""
    between = values.present[1:WHITE]
    return values.highest >= WHITE and (
        not between.any() or (not values.solid[1:WHITE].any() and int(between.sum()) > MOST_CLASSES)
    )


def _hold(values: MaskValues) -> str:
    return f"hold {values}"


def _may_be_bits(drawn: NDArray[np.intp]) -> bool:
    """Whether values read as bits make sense, every bit being alone somewhere, and mean something else than as class numbers.

    That is not asked of 1..K without a gap, the usual form of class numbers.
    """
    found = set(drawn.tolist())
    if not found or found == set(range(1, max(found) + 1)) or max(found) < 3:
        return False
    bits = {1 << k for k in range(MOST_CLASSES) if any(value >> k & 1 for value in found)}
    return bits <= found


def _which(mask: NDArray[np.uint8]) -> NDArray[np.bool_]:
    if not mask.size:
        return np.zeros(256, np.bool_)
    return np.asarray(cv2.calcHist([mask], [0], None, [256], [0, 256]).ravel() > 0, np.bool_)


def _filling(mask: Grey) -> NDArray[np.bool_]:
    """Where a pixel and its 8 neighbours have one value."""
    square = np.ones((3, 3), np.uint8)
    return np.asarray(cv2.erode(mask, square) == cv2.dilate(mask, square), np.bool_)
