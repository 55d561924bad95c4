"""The connected components of a whole strip: what stitching must find."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from inspector.coil.coil import Coil, Findings
from inspector.coil.joining import JoiningConfig
from inspector.frames.coil import CoilDefect
from inspector.protocol.codec import Packet
from tests.coil.strip import CLASSES, MINIMUM_PX, RUN, UM_ACROSS, UM_ALONG, Camera, Mask, Plan

Figures = tuple[str, float, float, float, float, float, float, float]
"""Class; from and to along, from and to across, centre along and across, mm; area, mm2."""
TOUCHING = JoiningConfig(across_mm=0.0, along_mm=0.0)
"""Only pixels that touch are joined."""


def coil_of(packets: Iterable[Packet], joining: JoiningConfig = TOUCHING) -> Findings:
    """What is found on the coil."""
    coil = Coil(RUN, joining=joining)
    for packet in packets:
        coil.feed(packet)
    coil.finish()
    return coil.findings


def found(findings: Findings) -> list[Figures]:
    """The figures of its defects, in order."""
    return sorted(map(_figures, findings.defects))


def truth(strip: Mask, cameras: Sequence[Camera], plan: Plan) -> list[Figures]:
    """The components of what the cameras saw of the strip, in order."""
    seen = np.zeros(strip.shape, dtype=bool)
    for camera in cameras:
        for first, end in plan.seen.get(camera.name, []):
            seen[max(0, first) : end, slice(*camera.columns)] = True
    return sorted(components(np.where(seen, strip, 0).astype(np.uint8)))


def components(strip: Mask) -> list[Figures]:
    """Those of each class that are large enough to be a defect."""
    along, across = UM_ALONG / 1000, UM_ACROSS / 1000
    figures: list[Figures] = []
    for k, (name, minimum) in enumerate(zip(CLASSES, MINIMUM_PX, strict=True)):
        plane = np.ascontiguousarray(strip >> k & 1)
        count, _, stats, centres = cv2.connectedComponentsWithStats(plane, connectivity=8)
        for label in range(1, count):
            left, top, width, height, area = (int(value) for value in stats[label])
            if area >= minimum:
                box = top * along, (top + height) * along, left * across, (left + width) * across
                x, y = centres[label]
                figures.append((name, *box, (float(y) + 0.5) * along, (float(x) + 0.5) * across, area * along * across))
    return figures


def _figures(defect: CoilDefect) -> Figures:
    area = defect.area
    box = area.from_mm, area.to_mm, area.x_from_mm, area.x_to_mm
    return (defect.class_name, *box, defect.along_mm, defect.x_mm, defect.area_mm2)


def differences(one: Sequence[Figures], other: Sequence[Figures], mm: float = 0.0021) -> list[Figures]:
    """What is in one list and not in the other, figures being the same to ``mm``."""
    rest, missing = list(other), []
    for figures in one:
        same = next((there for there in rest if _same(figures, there, mm)), None)
        if same is None:
            missing.append(figures)
        else:
            rest.remove(same)
    return missing + rest


def _same(one: Figures, other: Figures, mm: float) -> bool:
    return one[0] == other[0] and all(abs(a - b) <= mm for a, b in zip(one[1:], other[1:], strict=True))
