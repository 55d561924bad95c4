"""The regions of what a frame shows for the first time: labelled, measured, with the runs at its edges."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from inspector.coil.component import Component
from inspector.coil.crop import Crop
from inspector.coil.frame import Frame
from inspector.coil.labelling import Labels, labelled
from inspector.coil.seam import Seam, SeamRun, runs_of
from inspector.frames.sheet import FrameOfCamera


@dataclass(slots=True)
class Part:
    """Lines of a frame that no frame before it showed."""

    components: list[Component] = field(default_factory=list)
    """Without specks that touch nothing."""
    lead: Seam = field(default_factory=list)
    """At its first line, the one nearer to the head."""
    trail: Seam = field(default_factory=list)
    """At its last line."""
    crops: dict[str, list[Crop]] = field(default_factory=dict)
    """By camera beside this one: what lies where that one looks too, or next to it."""


def part_of(frame: Frame, first: int, end: int, beside: dict[str, tuple[float, float]]) -> Part:
    """Lines ``first`` to ``end`` of a frame that has a picture. ``beside``: by camera, the stretch across the coil in which its regions may meet those of this frame, mm."""
    picture, part = frame.picture, Part()
    assert picture is not None
    top, bottom = max(first, picture.line), min(end, picture.end_line)
    if top >= bottom:
        return part
    bits = picture.bits[top - picture.line : bottom - picture.line]
    columns = {name: frame.columns(*span) for name, span in beside.items()}
    found = int(np.bitwise_or.reduce(np.bitwise_or.reduce(bits, axis=0)))
    for k, class_name in enumerate(picture.classes):
        if found >> k & 1:
            labelling = _Labelling(frame, class_name, bits & np.uint8(1 << k), top, picture.column)
            labelling.add_to(part, first, end, columns)
    return part


class _Labelling:
    """The regions of one class."""

    def __init__(self, frame: Frame, class_name: str, plane: NDArray[np.uint8], line: int, column: int) -> None:
        left, top, width, height = cv2.boundingRect(plane)
        self._frame, self._class_name = frame, class_name
        self._line, self._column = line + top, column + left
        self._regions = labelled(np.ascontiguousarray(plane[top : top + height, left : left + width]))
        self._labels = self._regions.labels
        assert frame.picture is not None
        self._fill = frame.picture.fill.get(class_name, 1.0)
        self._made: dict[int, Component] = {}

    def add_to(self, part: Part, first: int, end: int, columns: dict[str, slice]) -> None:
        """Make components of what is large enough, or touches an edge at which it may go on."""
        minimum = self._frame.layout.minimum_px(self._class_name)
        large = np.flatnonzero(self._regions.area * self._fill >= minimum) + 1
        for label in large.tolist():
            self._component(label)
        if self._line == first:
            part.lead += self._seam(self._labels[0])
        if self._line + self._labels.shape[0] == end:
            part.trail += self._seam(self._labels[-1])
        for camera, where in columns.items():
            if (crop := self._crop(where)) is not None:
                part.crops.setdefault(camera, []).append(crop)
        part.components += self._made.values()

    def _seam(self, labels: Labels) -> Seam:
        return [
            SeamRun(
                self._class_name,
                self._frame.x_mm(self._column + start),
                self._frame.x_mm(self._column + stop),
                self._component(label),
            )
            for label, start, stop in runs_of(labels)
        ]

    def _crop(self, where: slice) -> Crop | None:
        """What lies in these columns of the frame; None where that is nothing."""
        first, end = max(0, where.start - self._column), min(self._labels.shape[1], where.stop - self._column)
        if first >= end:
            return None
        labels = self._labels[:, first:end]
        lines = np.flatnonzero(labels.any(axis=1))
        if not len(lines):
            return None
        # Kept for a while, so as small as they can be.
        small: Labels = labels[lines[0] : lines[-1] + 1]
        small = small.astype(np.uint16) if len(self._regions.area) < 1 << 16 else small.copy()
        frame = self._frame
        return Crop(
            class_name=self._class_name,
            from_mm=frame.along_mm(self._line + int(lines[0])),
            x_from_mm=frame.x_mm(self._column + first),
            mm_per_line=frame.layout.mm_per_line,
            mm_per_column=frame.layout.mm_per_column,
            labels=small,
            fill=self._fill,
            components={label: self._component(label) for label in np.unique(small).tolist() if label},
        )

    def _component(self, label: int) -> Component:
        if (made := self._made.get(label)) is not None:
            return made
        frame, layout = self._frame, self._frame.layout
        regions, index = self._regions, label - 1
        top, bottom, left, right = regions.box[index].tolist()
        y, x = regions.centre[index].tolist()
        area = int(regions.area[index])
        line, column = self._line, self._column
        box = (
            frame.along_mm(line + top),
            frame.along_mm(line + bottom),
            frame.x_mm(column + left),
            frame.x_mm(column + right),
        )
        px_mm2 = layout.mm_per_line * layout.mm_per_column
        assert frame.picture is not None
        made = self._made[label] = Component(
            self._class_name,
            layout.face,
            box,
            area * self._fill * px_mm2,
            (frame.along_mm(line + y + 0.5), frame.x_mm(column + x + 0.5)),
            score=frame.picture.scores.get(self._class_name, 0.0),
            minimum_mm2=layout.minimum_px(self._class_name) * px_mm2,
            frame=FrameOfCamera(camera=frame.camera, frame=frame.number),
        )
        return made
