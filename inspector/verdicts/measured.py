"""What is measured on the class bitmask of one frame.

Coordinates are frame pixels, x along the rows. Areas count pixels; boxes, lengths and widths take a pixel as a square: one pixel is 1 x 1,
a row of n is n x 1, a diagonal of n is ``n * sqrt(2)`` by ``sqrt(2)``. Length and width are the sides of the smallest rectangle, at any
angle, around those squares. A centroid is the mean of the pixels' indices, so that the middle of the frame's first pixel is (0, 0).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.config.verdicts import Scale
from inspector.frames.outcome import Defect
from inspector.verdicts.lens import most_growth


@dataclass(frozen=True, slots=True)
class Settings:
    """What measuring depends on, the same for every frame of a camera."""

    class_names: tuple[str, ...]
    """Of bits 0, 1 and so on of a mask; 1 to 8."""
    minimum_area_px: tuple[int, ...]
    """For each class; smaller regions are no defects."""
    max_defects: int
    """Most defects that are listed."""
    scale: Scale | None
    """None: figures are in pixels only."""


@dataclass(frozen=True)
class Unlisted:
    """The defects beyond the ``max_defects`` that are listed: all are smaller, and are measured only as far as the rules need.

    Lengths and widths are upper bounds (from the upright box), so that no rule can miss one of these defects; with a distortion of the lens
    areas in mm2 too.
    """

    class_index: NDArray[np.integer[Any]]
    area_px: NDArray[np.integer[Any]]
    box_width_px: NDArray[np.integer[Any]]
    box_height_px: NDArray[np.integer[Any]]
    class_scores: tuple[float, ...]
    """Of each class, not of each defect."""
    scale: Scale | None

    def __len__(self) -> int:
        return len(self.area_px)

    def only(self, chosen: NDArray[np.bool_]) -> Unlisted:
        """Those of the defects that are chosen (bool [n])."""
        return Unlisted(
            self.class_index[chosen],
            self.area_px[chosen],
            self.box_width_px[chosen],
            self.box_height_px[chosen],
            self.class_scores,
            self.scale,
        )

    @property
    def score(self) -> NDArray[np.floating[Any]]:
        """The score of each defect."""
        scores: NDArray[np.floating[Any]] = np.asarray(self.class_scores)[self.class_index]
        return scores

    @cached_property
    def area_mm2(self) -> NDArray[np.floating[Any]] | None:
        """None without a scale, like every figure in mm."""
        if self.scale is None:
            return None
        return self.area_px * (self.scale.mm_per_px_x * self.scale.mm_per_px_y * most_growth(self.scale)[1])

    @cached_property
    def length_mm(self) -> NDArray[np.floating[Any]] | None:
        """The box's diagonal: the smallest rectangle is no longer."""
        box = self._box_mm
        return None if box is None else np.hypot(*box)

    @cached_property
    def width_mm(self) -> NDArray[np.floating[Any]] | None:
        """The root of the box's area: the smallest rectangle is no larger than the box, so its shorter side is no more than that."""
        box = self._box_mm
        return None if box is None else np.sqrt(np.multiply(*box))

    @property
    def _box_mm(self) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]] | None:
        if self.scale is None:
            return None
        most = most_growth(self.scale)[0]
        return self.box_width_px * (self.scale.mm_per_px_x * most), self.box_height_px * (self.scale.mm_per_px_y * most)


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything found on one mask."""

    defects: tuple[Defect, ...]
    """Largest first; equal areas class by class, and within a class in the order of their first pixels, row by row."""
    unlisted: Unlisted | None
    """The defects not in ``defects``; None where all are listed."""
    pixels: tuple[int, ...]
    """Pixels set per class, also in regions too small to be a defect."""
    encoded: bytes
    """The mask, run-length encoded (``inspector.protocol.masks``)."""

    def defect_pixels(self, class_names: tuple[str, ...]) -> tuple[int, ...]:
        """Of ``pixels``, those of defects, listed or not; the others are specks."""
        counts = [0] * len(class_names)
        for defect in self.defects:
            counts[class_names.index(defect.class_name)] += defect.area_px
        if self.unlisted is not None:
            # Sums of whole numbers below 2^53 are exact in doubles.
            further = np.bincount(self.unlisted.class_index, self.unlisted.area_px, len(counts))
            counts = [count + int(more) for count, more in zip(counts, further.tolist(), strict=True)]
        return tuple(counts)


def six_digits(value: float) -> float:
    """Six significant digits: more than a measurement on the sheet has, and half the bytes in a message."""
    return float(f"{value:.6g}")


def beyond(values: int, classes: int) -> ValueError:
    """The error for a mask that holds a class the bundle does not have; ``values`` are all bits that are set anywhere on it."""
    return ValueError(f"the mask holds the value {values}, a class beyond the bundle's {classes}")
