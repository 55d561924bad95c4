"""The map of a coil: both faces one above the other in one coordinate system, the head on the left.

Defects are drawn to scale, but never smaller than can be seen; what was not inspected is hatched, and never looks clean. The picture has numbers only:
names, which may be in any script, are written by whoever shows it.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from inspector.coil.intervals import Stretch
from inspector.frames.coil import Area
from inspector.frames.outcome import Verdict
from inspector.report.coil.content import CoilReport
from inspector.report.pictures import drawing
from inspector.report.pictures.drawing import Picture, blank, fill, write_text

_WIDTH = 1640
_LEFT, _RIGHT = 90, 24
_TOP, _LANE, _BETWEEN, _AXIS = 34, 200, 34, 40
_LEAST_PX = 3
_STEEL = drawing.PANEL
_MARK = drawing.INK
_FACES = ("top", "bottom")


def coil_map(report: CoilReport) -> Picture | None:
    """``uint8 [H, 1640, 3]`` BGR; None where nothing has a place along the coil."""
    if not report.length_mm:
        return None
    faces = [face for face in _FACES if any(camera.face == face for camera in report.cameras)] or [_FACES[0]]
    picture = blank(_TOP + len(faces) * (_LANE + _BETWEEN) - _BETWEEN + _AXIS, _WIDTH)
    plot = _Plot((report.from_mm, report.to_mm), *_across(report))
    colours = class_colours(report)
    for index, face in enumerate(faces):
        top = _TOP + index * (_LANE + _BETWEEN)
        fill(picture, _LEFT, top, plot.width, _LANE, _STEEL)
        write_text(picture, face, _LEFT, top - 8, 10, drawing.FAINT_INK)
        for place in (plot.x_from, plot.x_to):
            y = plot.y(place, top) + (4 if place == plot.x_from else 0)
            write_text(picture, f"{place:g} mm", _LEFT - 8, y + 4, 9, drawing.FAINT_INK, "right")
        for unknown in report.unknowns:
            if unknown.area.face == face:
                _hatch(picture, plot.box(unknown.area, top))
        for mark in report.roll_marks:
            if mark.area.face == face:
                left, upper, right, lower = plot.box(mark.area, top)
                cv2.rectangle(picture, (left, upper - 2), (right, lower + 2), _MARK, 1)
        for defect in reversed(report.defects):
            if defect.area.face == face:
                left, upper, right, lower = plot.box(defect.area, top)
                cv2.rectangle(picture, (left, upper), (right, lower), colours[defect.class_name], cv2.FILLED)
    _cut(picture, report, plot)
    _ruler(picture, plot)
    return picture


def class_colours(report: CoilReport) -> dict[str, drawing.Colour]:
    """The colour of each class that the coil has."""
    names = [one.class_name for one in report.classes]
    return {name: drawing.CLASSES[index % len(drawing.CLASSES)] for index, name in enumerate(names)}


class _Plot:
    def __init__(self, coil: Stretch, x_from: float, x_to: float) -> None:
        self.coil, self.x_from, self.x_to = coil, x_from, x_to
        self.width = _WIDTH - _LEFT - _RIGHT

    def x(self, along_mm: float) -> int:
        """The column of a place along the coil."""
        share = (along_mm - self.coil[0]) / (self.coil[1] - self.coil[0])
        return _LEFT + round(min(max(share, 0.0), 1.0) * (self.width - 1))

    def y(self, across_mm: float, top: int) -> int:
        """The row of a place across it, in the lane that begins at ``top``."""
        share = (across_mm - self.x_from) / (self.x_to - self.x_from)
        return top + round(min(max(share, 0.0), 1.0) * (_LANE - 1))

    def box(self, area: Area, top: int) -> tuple[int, int, int, int]:
        """Left, upper, right, lower, both ends included; at least so large that it can be seen."""
        left, right = self.x(area.from_mm), self.x(area.to_mm)
        upper, lower = self.y(area.x_from_mm, top), self.y(area.x_to_mm, top)
        return left, upper, max(right, left + _LEAST_PX - 1), max(lower, upper + _LEAST_PX - 1)


def _across(report: CoilReport) -> tuple[float, float]:
    """What the map shows across the coil, mm: the strip, and whatever lies beside it."""
    areas = [one.area for kind in (report.defects, report.unknowns, report.roll_marks) for one in kind]
    first = min([0.0, *(area.x_from_mm for area in areas)])
    last = max([report.width_mm or 0.0, *(area.x_to_mm for area in areas)])
    return math.floor(first), max(math.ceil(last), math.floor(first) + 1)


def _hatch(picture: Picture, box: tuple[int, int, int, int]) -> None:
    left, upper, right, lower = box
    area = picture[upper : lower + 1, left : right + 1]
    rows, columns = np.indices(area.shape[:2])
    stripes: NDArray[np.bool_] = ((rows + columns + left + upper) // 3) % 2 == 0
    area[:] = drawing.GRID
    area[stripes] = drawing.VERDICTS[Verdict.UNINSPECTED]


def _cut(picture: Picture, report: CoilReport, plot: _Plot) -> None:
    """What the cut list takes out, as a bar below the faces."""
    bottom = picture.shape[0] - _AXIS + 4
    for one in report.cuts.cut_outs if report.cuts is not None else ():
        left, right = plot.x(one.from_mm), plot.x(one.to_mm)
        fill(picture, left, bottom, max(2, right - left), 5, drawing.VERDICTS[Verdict.SCRAP])


def _ruler(picture: Picture, plot: _Plot) -> None:
    bottom = picture.shape[0] - _AXIS
    for metres in _ticks(plot.coil[0] / 1000, plot.coil[1] / 1000):
        x = plot.x(metres * 1000)
        picture[bottom : bottom + 10, x] = drawing.FAINT_INK
        write_text(picture, f"{metres:g} m", x, bottom + 28, 9, drawing.INK, "centre")


def _ticks(first: float, last: float, about: int = 10) -> list[float]:
    """Round numbers between the two."""
    raw = max((last - first) / about, 1e-6)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(one * power for one in (1, 2, 5, 10) if one * power >= raw)
    return [index * step for index in range(math.ceil(first / step - 1e-9), math.floor(last / step + 1e-9) + 1)]
