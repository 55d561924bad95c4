"""Where on the strip a defect is: across it in mm from its reference edge, along it in um of travel.

A camera's placement, its scale and the axis of travel make a point of its frame a point of the strip. Points are corners of pixels: (0, 0) is the
corner of the first one, whose middle is (0.5, 0.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from inspector.config.positions import PlacementConfig
from inspector.config.verdicts import Scale, VerdictsConfig
from inspector.frames.fitted import UNCHANGED, Fitted
from inspector.frames.outcome import Defect
from inspector.frames.size import FrameSize
from inspector.frames.strip import StripBox
from inspector.protocol.settings import Placement, StripFrame


@dataclass(frozen=True, slots=True)
class Places:
    """The strip as one camera sees it."""

    placement: PlacementConfig
    verdicts: VerdictsConfig
    """Says which axis is along the strip."""
    size: FrameSize
    """Of the frames in which defects are measured, px."""
    scale: Scale | None
    """Of the camera's own pixels. None: nothing but the position of the frame is known."""
    fitted: Fitted = UNCHANGED
    """Where those frames lie in the camera's."""

    def on_strip(self, x_px: float, y_px: float) -> tuple[float, float] | None:
        """A point of the frame: mm across the strip from its reference edge, mm along it from the position of the frame; None without a scale."""
        if self.scale is None:
            return None
        x_px, y_px = self.fitted.to_camera(x_px, y_px)
        x, y = self.scale.places_mm(x_px - 0.5, y_px - 0.5)  # counts from the middle of the first pixel
        x, y = x + self.scale.mm_per_px_x / 2, y + self.scale.mm_per_px_y / 2
        camera = self.fitted.camera or self.size
        width, height = camera.width * self.scale.mm_per_px_x, camera.height * self.scale.mm_per_px_y
        across, along, breadth, length = (y, x, height, width) if self._along_x else (x, y, width, height)
        where = self.placement
        across = breadth - across if where.flip_across else across
        along = length - along if where.flip_along else along
        return where.lateral_mm + across, along - where.along_mm

    def placed(self, defects: tuple[Defect, ...], position_um: int | None) -> tuple[Defect, ...]:
        """The defects of a frame at ``position_um`` (None: unknown), with the places of their centroids on the strip."""
        if self.scale is None:
            return defects
        return tuple(self._placed(defect, position_um) for defect in defects)

    def box(self, defect: Defect) -> StripBox | None:
        """The box of a defect, along the strip from the position of its frame; None without a scale."""
        x, y, width, height = defect.bbox_px
        return self._box(x, y, x + width, y + height)

    @property
    def face(self) -> Literal["top", "bottom"]:
        """The face of the strip that is seen."""
        return self.placement.face

    @property
    def view(self) -> StripBox | None:
        """The frame itself, without what it was padded with; None without a scale."""
        left, top, right, bottom = 0.0, 0.0, float(self.size.width), float(self.size.height)
        _, camera, offset, factor = self.fitted
        if camera is not None and offset is not None and factor is not None:
            left, top = max(left, -offset[0] / factor[0]), max(top, -offset[1] / factor[1])
            right = min(right, (camera.width - offset[0]) / factor[0])
            bottom = min(bottom, (camera.height - offset[1]) / factor[1])
        return self._box(left, top, right, bottom)

    @property
    def message(self) -> Placement:
        """What subscribers are told of it."""
        edges = None
        if self.fitted.offset is not None and self.fitted.factor is not None:
            edges = self._box(0.0, 0.0, float(self.size.width), float(self.size.height))
        return Placement(
            travel_axis=self.verdicts.travel_axis,
            face=self.face,
            flip_across=self.placement.flip_across,
            flip_along=self.placement.flip_along,
            frame=None if edges is None else StripFrame(**_rounded(edges)),
        )

    @property
    def _along_x(self) -> bool:
        return self.verdicts.travel_axis == "x"

    def _placed(self, defect: Defect, position_um: int | None) -> Defect:
        x_px, y_px = defect.centroid_px
        found = self.on_strip(x_px + 0.5, y_px + 0.5)
        if found is None:
            return defect
        along_um = None if position_um is None else round(position_um + found[1] * 1000)
        return msgspec.structs.replace(defect, x_mm=round(found[0], 3), position_um=along_um)

    def _box(self, left: float, top: float, right: float, bottom: float) -> StripBox | None:
        first, last = self.on_strip(left, top), self.on_strip(right, bottom)
        if first is None or last is None:
            return None
        (x_from, x_to), (along_from, along_to) = (sorted(pair) for pair in zip(first, last, strict=True))
        return StripBox(x_from, x_to, along_from, along_to)


def _rounded(box: StripBox) -> dict[str, float]:
    """The edges to a micrometre."""
    named = {"x_from_mm": box.x_from, "x_to_mm": box.x_to, "from_mm": box.along_from, "to_mm": box.along_to}
    return {name: round(value, 3) for name, value in named.items()}
