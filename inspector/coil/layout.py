"""How the frames of a camera lie on the coil, as ``start`` and ``change`` say it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from inspector.frames.coil import Face
from inspector.protocol.limits import MOST_PIXELS
from inspector.protocol.settings import Settings, StripFrame


@dataclass(frozen=True)
class Layout:
    """What is needed to put a frame on the coil. Lines of a frame are along the coil, from its head; columns across it, from the reference edge."""

    settings: Settings

    @cached_property
    def edges(self) -> StripFrame | None:
        """The edges of a frame, mm, along the coil from its position; None without a scale, and for what can be no frame."""
        edges = None if self.settings.placement is None else self.settings.placement.frame
        if edges is None or edges.from_mm >= edges.to_mm or edges.x_from_mm >= edges.x_to_mm:
            return None
        if self.size[0] * self.size[1] > MOST_PIXELS:
            return None
        return edges

    @cached_property
    def face(self) -> Face:
        """The face that is seen."""
        return self.settings.placement.face if self.settings.placement else "top"

    @cached_property
    def size(self) -> tuple[int, int]:
        """Lines and columns of a frame."""
        geometry = self.settings.geometry
        size = geometry.height_px, geometry.width_px
        return size[::-1] if self._turned else size

    @cached_property
    def mm_per_line(self) -> float:
        """Along the coil."""
        assert self.edges is not None
        return (self.edges.to_mm - self.edges.from_mm) / self.size[0]

    @cached_property
    def mm_per_column(self) -> float:
        """Across it."""
        assert self.edges is not None
        return (self.edges.x_to_mm - self.edges.x_from_mm) / self.size[1]

    def minimum_px(self, class_name: str) -> int:
        """Pixels of the smallest defect of a class."""
        return self.settings.thresholds.minimum_area_px.get(class_name, 1)

    def least_score(self, class_name: str) -> float:
        """Every pixel that is set has at least this probability."""
        return self.settings.thresholds.mask.get(class_name, 0.0)

    def turned(self, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A piece of a mask (uint8 ``[rows, columns]`` of the frame) with its lines along the coil and its columns across it."""
        placement = self.settings.placement
        assert placement is not None
        # OpenCV turns it in a twentieth of the time.
        lines = cv2.transpose(np.ascontiguousarray(mask)) if self._turned else mask
        lines = lines[::-1] if placement.flip_along else lines
        return np.ascontiguousarray(lines[:, ::-1] if placement.flip_across else lines, dtype=np.uint8)

    def box(self, x: int, y: int, width: int, height: int) -> tuple[slice, slice]:
        """A box of the frame as lines and columns."""
        placement = self.settings.placement
        assert placement is not None
        along, across = slice(y, y + height), slice(x, x + width)
        if self._turned:
            along, across = across, along
        lines, columns = self.size
        if placement.flip_along:
            along = slice(max(0, lines - along.stop), max(0, lines - along.start))
        if placement.flip_across:
            across = slice(max(0, columns - across.stop), max(0, columns - across.start))
        return along, across

    @cached_property
    def _turned(self) -> bool:
        return self.settings.placement is not None and self.settings.placement.travel_axis == "x"
