"""Measures the defects on the class bitmask of one frame, in px and mm, from its regions (``regions.py``). How well found defects
match labelled ones is in ``engines.metrics.defects``.

Coordinates are frame pixels, x along the rows. Areas count pixels; boxes, lengths and widths take a pixel as a square
(``rectangle``); a centroid is the mean of the pixels' indices, so that the middle of the frame's first pixel is (0, 0).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.config.verdicts import Scale
from inspector.frames.outcome import Defect
from inspector.verdicts.rectangle import pixel_hull, smallest_rectangle
from inspector.verdicts.regions import Regions, find_regions


@dataclass(frozen=True, slots=True)
class Unlisted:
    """The defects beyond the ``max_defects`` that are listed: all are smaller, and are measured only as far as the rules need.

    Lengths and widths are upper bounds (from the upright box), so that no rule can miss one of these defects.
    """

    class_index: NDArray[np.int64]
    score: NDArray[np.floating[Any]]
    area_px: NDArray[np.int64]
    area_mm2: NDArray[np.floating[Any]] | None
    length_mm: NDArray[np.floating[Any]] | None
    width_mm: NDArray[np.floating[Any]] | None

    def __len__(self) -> int:
        return len(self.area_px)


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything found on one mask."""

    defects: tuple[Defect, ...]
    """Largest first."""
    unlisted: Unlisted | None
    """The defects not in ``defects``; None where all are listed."""
    pixels: tuple[int, ...]
    """Pixels set per class, also in regions too small to be a defect."""


def measure(
    mask: NDArray[np.uint8],
    scores: Sequence[float],
    class_names: Sequence[str],
    scale: Scale | None,
    minimum_area_px: Sequence[int],
    max_defects: int,
) -> Measured:
    """The defects on ``mask`` (uint8 ``[H, W]``, bit k set where class k is): its 8-connected regions per class.

    ``scores`` (0..1) and ``minimum_area_px`` are per class; smaller regions are no defects. The ``max_defects`` largest are
    listed. Raises ValueError where the mask holds a class without a name.
    """
    regions = find_regions(mask, len(class_names))
    pixels = np.bincount(regions.class_index, regions.area_px, len(class_names)).astype(np.int64)
    large = np.flatnonzero(regions.area_px >= np.asarray(minimum_area_px)[regions.class_index])
    # Largest first; equal areas stay in the order of classes and columns, so that the list is always the same.
    large = large[np.argsort(-regions.area_px[large], kind="stable")]
    defects = tuple(_defect(regions, index, scores, class_names, scale) for index in large[:max_defects].tolist())
    unlisted = _bounded(regions, large[max_defects:], scores, scale) if len(large) > max_defects else None
    return Measured(defects, unlisted, tuple(pixels.tolist()))


def _defect(
    regions: Regions, index: int, scores: Sequence[float], class_names: Sequence[str], scale: Scale | None
) -> Defect:
    runs = slice(*regions.first_run[index : index + 2].tolist())
    hull = pixel_hull(regions.run_y[runs], regions.run_x[runs], regions.run_end[runs])
    length_px, width_px = smallest_rectangle(hull)
    area_px = int(regions.area_px[index])
    area_mm2 = length_mm = width_mm = None
    if scale is not None:
        area_mm2 = _short(area_px * scale.mm_per_px_x * scale.mm_per_px_y)
        # Not a multiple of the px figures: where x and y differ, another rectangle may be the smallest.
        sides = smallest_rectangle(hull * np.array((scale.mm_per_px_x, scale.mm_per_px_y), dtype=np.float32))
        length_mm, width_mm = _short(sides[0]), _short(sides[1])
    x, y, width, height = regions.box_px[index].tolist()
    centre_x, centre_y = regions.centroid_px[index].tolist()
    class_index = int(regions.class_index[index])
    return Defect(
        class_name=class_names[class_index],
        score=_short(scores[class_index]),
        area_px=area_px,
        bbox_px=(x, y, width, height),
        centroid_px=(_short(centre_x), _short(centre_y)),
        length_px=_short(length_px),
        width_px=_short(width_px),
        area_mm2=area_mm2,
        length_mm=length_mm,
        width_mm=width_mm,
    )


def _bounded(regions: Regions, chosen: NDArray[np.intp], scores: Sequence[float], scale: Scale | None) -> Unlisted:
    class_index, area_px = regions.class_index[chosen], regions.area_px[chosen]
    area_mm2 = length_mm = width_mm = None
    if scale is not None:
        box_x = regions.box_px[chosen, 2] * scale.mm_per_px_x
        box_y = regions.box_px[chosen, 3] * scale.mm_per_px_y
        area_mm2 = area_px * (scale.mm_per_px_x * scale.mm_per_px_y)
        # The smallest rectangle is no longer than the box's diagonal and no larger than the box, so its shorter side is
        # no more than the root of the box's area.
        length_mm, width_mm = np.hypot(box_x, box_y), np.sqrt(box_x * box_y)
    return Unlisted(
        class_index, np.asarray(scores, dtype=np.float64)[class_index], area_px, area_mm2, length_mm, width_mm
    )


def _short(value: float) -> float:
    """Six significant digits: more than a measurement on the sheet has, and half the bytes in a message."""
    return float(f"{value:.6g}")
