"""How the frames of a line's cameras are fitted to the bundle's size, and whether a bundle's thresholds hold for it."""

from __future__ import annotations

from collections.abc import Mapping

from engines.bundle import Bundle
from inspector.capture.make import is_software
from inspector.capture.preparation import Preparation, preparation_of
from inspector.config.calibrated_scale import CalibratedScale, lens_of
from inspector.config.positions import PlacementConfig
from inspector.config.tree import LineConfig
from inspector.config.verdicts import Scale, VerdictsConfig
from inspector.errors import UserError
from inspector.frames.size import FrameSize
from inspector.verdicts.places import Places


class Fits:
    """The preparations of all cameras, by name. Fixed while the line runs: every bundle that it loads has the same frame size."""

    def __init__(self, config: LineConfig, inspected: FrameSize) -> None:
        """``inspected`` is the size of the bundle's frames. Raises UserError naming the camera whose frames cannot be fitted to it."""
        self.inspected = inspected
        self._preparations: dict[str, Preparation] = {}
        for camera in config.cameras:
            self._preparations[camera.name] = preparation_of(camera, inspected)
        self._live = {camera.name for camera in config.cameras if not is_software(camera.source)}

    def of(self, camera: str) -> Preparation:
        """How the frames of that camera are prepared."""
        return self._preparations[camera]

    @property
    def slot_px(self) -> int:
        """Pixels that the largest frame takes in its slot."""
        return max(one.slot_px for one in self._preparations.values())

    @property
    def judged(self) -> Mapping[str, FrameSize]:
        """Size of the frames that are judged, by camera."""
        return {name: one.judged for name, one in self._preparations.items()}

    def check(self, bundle: Bundle) -> None:
        """Raise UserError where a live camera's frames are resized, and the bundle was not calibrated on frames resized so."""
        for name in sorted(self._live):
            if self.thresholds_void(name, bundle):
                camera = self.of(name).camera
                raise UserError(
                    f"cameras.{name}.fit: resize: the thresholds of bundle {bundle.id} were not calibrated on frames of {camera} stretched "
                    f"to {self.inspected}, so its verdicts would mean nothing; calibrate on a data set of such frames with "
                    f"size: [{self.inspected.height}, {self.inspected.width}], or use mode tile or crop"
                )

    def thresholds_void(self, camera: str, bundle: Bundle) -> bool:
        """Whether the bundle's thresholds do not hold for frames fitted so: resized, and not calibrated on frames resized so."""
        fit = self.of(camera).fit
        return (
            fit.mode == "resize"
            and fit.camera != self.inspected
            and fit.camera not in bundle.operating_point.resized_from
        )

    def judged_scale(self, camera: str, scale: Scale | None) -> Scale | None:
        """The scale of the pixels of the judged frames, for that of the camera's own pixels. Raises UserError where each file is resized
        by a factor of its own."""
        fitted = self.of(camera).fit.fitted
        if scale is None or (fitted.factor == (1.0, 1.0) and fitted.offset == (0, 0)):
            return scale
        if lens_of(scale) is not None and (fitted.offset is None or fitted.factor is None):
            raise UserError(
                f"cameras.{camera}.fit: the distortion of the lens needs the size of the camera's frames; add size"
            )
        if fitted.factor is None:
            raise UserError(
                f"cameras.{camera}.fit: resize with a scale needs the size of the camera's frames; add size"
            )
        x, y = fitted.factor
        if isinstance(scale, CalibratedScale):
            try:
                return scale.fitted(fitted.offset or (0, 0), (x, y))
            except ValueError as error:
                raise UserError(f"cameras.{camera}.fit: {error}") from None
        return Scale(mm_per_px_x=scale.mm_per_px_x * x, mm_per_px_y=scale.mm_per_px_y * y)

    def places(
        self,
        camera: str,
        placement: PlacementConfig | None,
        verdicts: VerdictsConfig,
        scale: Scale | None,
        judged: FrameSize,
    ) -> Places:
        """Where on the strip defects of that camera's judged frames are; ``scale`` is that of its own pixels. Nothing is known of them where each
        file is fitted in its own way."""
        fitted = self.of(camera).fit.fitted
        known = fitted.camera is not None and fitted.offset is not None and fitted.factor is not None
        return Places(placement or PlacementConfig(), verdicts, judged, scale if known else None, fitted)
