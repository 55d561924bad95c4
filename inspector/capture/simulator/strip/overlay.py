"""Draws what is on the strip over the sheet that a frame would show."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from inspector.capture.simulator.noise import Field
from inspector.capture.simulator.strip.long_defects import LongDefects
from inspector.capture.simulator.strip.roll_marks import RollMarks
from inspector.capture.simulator.strip.shapes import Shape
from inspector.capture.simulator.strip.view import Mm, StripView
from inspector.config.simulated_strip import StripConfig

_BEYOND = 3
"""Grey level beyond the edge of the strip."""
_Pixels = NDArray[np.uint8]


class Overlay:
    """The strip as one camera sees it. What it draws in a frame depends on the configuration, the view and the frame's number only."""

    def __init__(self, strip: StripConfig, view: StripView) -> None:
        self.strip, self.view = strip, view
        face = view.placement.face
        self.long_defects = LongDefects(strip, face)
        self.roll_marks = [
            RollMarks(strip, number) for number, mark in enumerate(strip.roll_marks) if mark.face == face
        ]
        """Those of the face that the camera sees."""
        self._across = view.lines_across()
        self._beyond = (self._across < 0) | (self._across > strip.width_mm)

    def shapes(self, number: int) -> list[Shape]:
        """What frame ``number`` shows, in the order in which it is drawn."""
        from_mm, to_mm = self.view.along_mm(number)
        shapes: list[Shape] = [*self.long_defects.between(from_mm, to_mm)]
        shapes += [turn.spot for row in self.roll_marks for turn in row.between(from_mm, to_mm) if turn.printed]
        low, high = self.view.across_mm
        return [shape for shape in shapes if shape.area.x_to_mm > low and shape.area.x_from_mm < high]

    def without_beyond(self, pixels: _Pixels, grey: int = _BEYOND) -> None:
        """Black out, in place, what lies beyond the edges of the strip: uint8 ``[H, W]`` of pixels, or of a mask with ``grey`` 0."""
        self._as_strip(pixels)[:, self._beyond] = grey

    def draw(self, number: int, pixels: _Pixels) -> _Pixels:
        """Frame ``number``, which would show ``pixels`` (uint8 ``[H, W]``), with what is on the strip: a copy, or the same array where nothing is."""
        shapes = self.shapes(number)
        if not shapes:
            return pixels
        shown = pixels.copy()
        strip = self._as_strip(shown)
        px_mm = self.view.mm_per_px_across
        for shape, rows, columns, (u, v, r) in self._places(number, shapes):
            factor: Field = shape.look(u, v, r, px_mm)
            part = strip[rows, columns]
            part[...] = cv2.multiply(np.ascontiguousarray(part), factor, dtype=cv2.CV_8U)
        if self._beyond.any():
            self.without_beyond(shown)
        return shown

    def mark(self, number: int, mask: _Pixels) -> tuple[_Pixels, tuple[int, ...]]:
        """The mask of frame ``number`` with the outlines of what is on the strip, and their classes. ``mask`` is that of the sheet below, uint8
        ``[H, W]``, bit k = class k; it is returned itself where there is nothing."""
        shapes = self.shapes(number)
        if not shapes:
            return mask, ()
        marked = mask.copy()
        strip = self._as_strip(marked)
        kinds: dict[int, None] = {}
        for shape, rows, columns, (_, _, r) in self._places(number, shapes):
            inside = (r <= 1) & ~self._beyond[columns]
            strip[rows, columns] |= inside.astype(np.uint8) << np.uint8(shape.kind)
            if inside.any():
                kinds[shape.kind] = None
        return marked, tuple(kinds)

    def _places(self, number: int, shapes: list[Shape]) -> Iterator[tuple[Shape, slice, slice, tuple[Mm, Mm, Mm]]]:
        """Each shape with the pixels of its box in the frame, and where they are in it. Those without a pixel are left out."""
        along = self.view.lines_along(number)
        for shape in shapes:
            area = shape.area
            rows = _between(along, area.from_mm, area.to_mm)
            columns = _between(self._across, area.x_from_mm, area.x_to_mm)
            if rows.stop > rows.start and columns.stop > columns.start:
                yield shape, rows, columns, shape.local(along[rows], self._across[columns])

    def _as_strip(self, pixels: _Pixels) -> _Pixels:
        """A view of a frame with its rows along the strip."""
        return pixels.T if self.view.travel_axis == "x" else pixels


def _between(places: Mm, low: float, high: float) -> slice:
    """Indices of the ``places``, in rising or falling order, that lie in a range."""
    if len(places) > 1 and places[0] > places[-1]:
        reverse = _between(places[::-1], low, high)
        return slice(len(places) - reverse.stop, len(places) - reverse.start)
    return slice(int(np.searchsorted(places, low, "left")), int(np.searchsorted(places, high, "right")))
