"""A scale that was measured: from a file, with the distortion of the lens."""

from __future__ import annotations

import math

import msgspec

from engines.distortion import Distortion
from inspector.config.verdicts import Scale


class CalibratedScale(Scale, frozen=True, kw_only=True):
    """What takes the place of `scale` where the configuration names a file of it. It has no keys of its own."""

    file: str
    id: str
    """Name and digest: on every verdict, as its calibration."""
    height: int
    width: int
    """Of the frames it is for."""
    camera_serial: str
    """Empty where it was not told."""
    lens: Distortion | None
    whole: CalibratedScale | None = None
    """That of the frame as the camera delivers it, where this one is of a frame that was fitted."""

    def places_mm(self, x_px: float, y_px: float) -> tuple[float, float]:
        """See ``Scale.places_mm``: where a perfect lens would show the point."""
        if self.lens is not None:
            x_px, y_px = self.lens.corrected(x_px, y_px)
        return x_px * self.mm_per_px_x, y_px * self.mm_per_px_y

    def fitted(self, offset: tuple[int, int], factor: tuple[float, float]) -> CalibratedScale:
        """The scale of frames that begin at ``offset`` (x, y px of the camera) and have ``factor`` pixels of the camera to one of theirs. Raises
        ValueError where a lens bends what is not resized alike in both directions."""
        x, y = factor
        lens = self.lens
        if lens is not None:
            if not math.isclose(x, y, rel_tol=1e-6):
                raise ValueError(
                    f"the distortion of the lens is not corrected in frames that are resized by {x:g} x {y:g}; use mode tile or crop"
                )
            lens = msgspec.structs.replace(
                lens,
                center_x_px=(lens.center_x_px + 0.5 - offset[0]) / x - 0.5,
                center_y_px=(lens.center_y_px + 0.5 - offset[1]) / y - 0.5,
                reach_px=lens.reach_px / x,
            )
        mm_x, mm_y = self.mm_per_px_x * x, self.mm_per_px_y * y
        return msgspec.structs.replace(self, mm_per_px_x=mm_x, mm_per_px_y=mm_y, lens=lens, whole=self.whole or self)

    def problem_of(self, serial: str | None) -> str:
        """Why it is not for the camera with that serial number (None: not known), one line; empty where it may be."""
        if not serial or not self.camera_serial or serial == self.camera_serial:
            return ""
        return f"{self.file}: was made with camera {self.camera_serial}, this camera is {serial}; give its own scale"

    def size_problem(self, height: int, width: int) -> str:
        """Why it does not fit frames of that size, one line; empty where it does."""
        if (self.height, self.width) == (height, width):
            return ""
        return (
            f"{self.file}: is for frames of {self.height}x{self.width} pixels, these have {height}x{width}; make it again by "
            "`inspector calibrate scale`"
        )


def lens_of(scale: Scale | None) -> Distortion | None:
    """The distortion that measurements are corrected for; None where there is none."""
    return scale.lens if isinstance(scale, CalibratedScale) else None
