"""Which part of the strip the frames of a camera show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inspector.config.calibrated_scale import lens_of
from inspector.config.camera import CameraConfig
from inspector.config.positions import PlacementConfig
from inspector.config.simulator import SimulatorConfig
from inspector.errors import UserError

Mm = NDArray[np.float64]

_AS_IT_IS = PlacementConfig()


@dataclass(frozen=True, slots=True)
class StripView:
    """How a camera sees the strip. Along it counts from the leading edge of frame 0 where positions are counted, across it from the reference
    edge; both in mm. It is the inverse of ``inspector.verdicts.places``."""

    height: int
    width: int
    """Of a frame, px."""
    mm_per_px_y: float
    mm_per_px_x: float
    um_per_frame: float
    """How far the strip moves from one frame to the next."""
    travel_axis: Literal["x", "y"] = "y"
    placement: PlacementConfig = _AS_IT_IS

    @property
    def length_mm(self) -> float:
        """Of a frame, along the strip."""
        return self.width * self.mm_per_px_x if self.travel_axis == "x" else self.height * self.mm_per_px_y

    @property
    def mm_per_px_across(self) -> float:
        """Size of a pixel across the strip."""
        return self.mm_per_px_y if self.travel_axis == "x" else self.mm_per_px_x

    @property
    def across_mm(self) -> tuple[float, float]:
        """From where to where the camera sees across the strip."""
        px = self.height if self.travel_axis == "x" else self.width
        return self.placement.lateral_mm, self.placement.lateral_mm + px * self.mm_per_px_across

    def along_mm(self, number: int) -> tuple[float, float]:
        """From where to where along the strip frame ``number`` shows it."""
        # One product, so that nothing adds up over the frames.
        begin = number * self.um_per_frame / 1000 - self.placement.along_mm
        return begin, begin + self.length_mm

    def frames_showing(self, from_mm: float, to_mm: float) -> range:
        """Numbers of the frames that show some of a stretch along the strip."""
        pitch = self.um_per_frame / 1000
        first = int(np.floor((from_mm + self.placement.along_mm - self.length_mm) / pitch)) + 1
        last = int(np.ceil((to_mm + self.placement.along_mm) / pitch)) - 1
        return range(max(0, first), max(0, last + 1))

    def lines_along(self, number: int) -> Mm:
        """Where along the strip the middles of the rows of frame ``number`` are (columns, where ``travel_axis`` is x), in their order."""
        count, size = (self.width, self.mm_per_px_x) if self.travel_axis == "x" else (self.height, self.mm_per_px_y)
        places = (np.arange(count) + 0.5) * size
        begin, _ = self.along_mm(number)
        return np.asarray(begin + (places[::-1] if self.placement.flip_along else places), np.float64)

    def lines_across(self) -> Mm:
        """Where across the strip the middles of the columns are (rows, where ``travel_axis`` is x), in their order."""
        count, size = (self.height, self.mm_per_px_y) if self.travel_axis == "x" else (self.width, self.mm_per_px_x)
        places = (np.arange(count) + 0.5) * size
        return np.asarray(
            self.placement.lateral_mm + (places[::-1] if self.placement.flip_across else places), np.float64
        )


def strip_view(camera: CameraConfig, travel_axis: Literal["x", "y"], height: int, width: int) -> StripView | None:
    """How a simulated camera with frames of ``height`` x ``width`` px sees its strip; None where it has none. Raises UserError where the
    configuration does not say it, and for a scale with a lens: sheets are drawn without its distortion."""
    if not isinstance(camera.source, SimulatorConfig) or camera.source.strip is None:
        return None
    scale, um_per_frame = camera.scale, camera.um_per_frame
    where = f"cameras.{camera.name}.source.strip"
    if scale is None or um_per_frame is None:
        missing = "scale" if scale is None else "travel_um_per_frame or line_scan"
        raise UserError(f"{where}: is drawn in mm, and the camera has no {missing}; give it one")
    if lens_of(scale) is not None:
        raise UserError(
            f"{where}: is drawn without distortion, and scale_file corrects that of a lens; give the camera `scale`"
        )
    return StripView(
        height=height,
        width=width,
        mm_per_px_y=scale.mm_per_px_y,
        mm_per_px_x=scale.mm_per_px_x,
        um_per_frame=um_per_frame,
        travel_axis=travel_axis,
        placement=camera.placement or PlacementConfig(),
    )
