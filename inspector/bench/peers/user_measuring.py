"""Measures defects as a user of OpenCV would: one call that labels and counts each class, then a contour of each region for its sides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray


class Region(NamedTuple):
    """One region, with the figures that a verdict of the line has too."""

    class_index: int
    area_px: int
    box_px: tuple[int, int, int, int]
    """x, y, width, height."""
    centroid_px: tuple[float, float]
    length_px: float
    """Longer side of the smallest rectangle around the centres of its pixels."""
    width_px: float


def measure(
    mask: NDArray[np.uint8], pixels: Sequence[int], minimum_area_px: Sequence[int], max_defects: int
) -> list[Region]:
    """The largest regions of ``mask`` (uint8 [H, W], bit k set where class k is). ``pixels`` are per class: one without any is not looked for."""
    found = []
    for index, least in enumerate(minimum_area_px):
        if not pixels[index]:
            continue
        plane = mask & np.uint8(1 << index)
        count, labels, stats, centres = cv2.connectedComponentsWithStats(plane, connectivity=8)
        for label in range(1, count):
            x, y, width, height, area = stats[label].tolist()
            if area < least:
                continue
            part = (labels[y : y + height, x : x + width] == label).view(np.uint8)
            contours, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
            _, sides, _ = cv2.minAreaRect(contours[0])
            centre = (float(centres[label, 0]), float(centres[label, 1]))
            found.append(Region(index, area, (x, y, width, height), centre, max(sides), min(sides)))
    return sorted(found, key=lambda region: -region.area_px)[:max_defects]
