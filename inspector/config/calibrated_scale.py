"""A scale that was measured: from a file, with the distortion of the lens."""

from __future__ import annotations

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

    def places_mm(self, x_px: float, y_px: float) -> tuple[float, float]:
        """See ``Scale.places_mm``: where a perfect lens would show the point."""
        if self.lens is not None:
            x_px, y_px = self.lens.corrected(x_px, y_px)
        return x_px * self.mm_per_px_x, y_px * self.mm_per_px_y

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
