"""The judges of a line under one set of rules: one for each camera and bundle."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engines.bundle import Bundle
from inspector.config.calibrated_scale import CalibratedScale
from inspector.config.positions import PlacementConfig
from inspector.config.verdicts import Scale, VerdictsConfig
from inspector.errors import UserError
from inspector.frames.outcome import BundleIdentity
from inspector.frames.size import FrameSize
from inspector.line.fits import Fits
from inspector.protocol.settings import Placement
from inspector.verdicts.judge import Judge
from inspector.verdicts.places import Places
from inspector.verdicts.rule_check import check_rules, check_scale

NO_SERIALS: Mapping[str, str] = MappingProxyType({})


class Judges:
    """Judges by camera and bundle. Every method may be called from any thread."""

    def __init__(
        self,
        rules: VerdictsConfig,
        scales: Mapping[str, Scale | None],
        placements: Mapping[str, PlacementConfig | None],
        fits: Fits,
        serials: Mapping[str, str] = NO_SERIALS,
    ) -> None:
        """``scales``, of the cameras' own pixels, and ``placements`` are those of the cameras, by name; ``serials`` the serial numbers of those
        that are open, as they are at any time."""
        self._serials = serials
        self.rules = rules
        self.fits = fits
        self.scales = {name: fits.judged_scale(name, scale) for name, scale in scales.items()}
        """Of the pixels of the frames that are judged."""
        self._camera_scales = dict(scales)
        self._placements = dict(placements)
        self._judges: dict[tuple[str, BundleIdentity, FrameSize], Judge] = {}

    def check(self, bundle: Bundle) -> None:
        """Raise UserError where the rules do not fit the bundle's classes or a camera's scale, a scale not the camera's frames, a calibration not
        the camera, or the bundle's thresholds not how a camera's frames are fitted."""
        self.fits.check(bundle)
        for camera, scale in self._camera_scales.items():
            check_rules(self.rules, bundle.classes, scale)
            check_scale(camera, scale, self.fits.of(camera).camera or self.fits.inspected)
            if foreign := self.foreign(camera):
                raise UserError(f"cameras.{camera}.{foreign}")

    def foreign(self, camera: str) -> str:
        """Why a calibration is not for the device that is open as ``camera``: the key, then why, one line. Empty where all may be."""
        serial, scale = self._serials.get(camera), self._camera_scales[camera]
        if serial is None:
            return ""
        if problem := self.fits.of(camera).foreign(serial):
            return f"flat_field: {problem}"
        problem = scale.problem_of(serial) if isinstance(scale, CalibratedScale) else ""
        return f"scale_file: {problem}" if problem else ""

    def placement(self, camera: str) -> Placement:
        """How that camera's judged frames lie on the strip."""
        return self._places(camera, self.fits.of(camera).judged).message

    def of(self, camera: str, bundle: Bundle, identity: BundleIdentity) -> Judge:
        """The judge for that bundle's results on frames of that camera; ``identity`` is the bundle's."""
        return self._of(camera, bundle, identity, self.fits.of(camera).judged)

    def of_golden(self, camera: str, bundle: Bundle, identity: BundleIdentity) -> Judge:
        """The judge for its results on its golden frames, in the place of that camera's frames: they are not fitted."""
        return self._of(camera, bundle, identity, identity.size)

    def _of(self, camera: str, bundle: Bundle, identity: BundleIdentity, size: FrameSize) -> Judge:
        key = camera, identity, size
        judge = self._judges.get(key)
        if judge is None:
            minimum_areas = bundle.operating_point.minimum_areas(bundle.classes)
            judge = self._judges[key] = Judge(
                self.rules,
                identity,
                minimum_areas,
                self.scales[camera],
                places=self._places(camera, size),
                size=size,
            )
        return judge

    def _places(self, camera: str, size: FrameSize) -> Places:
        return self.fits.places(camera, self._placements[camera], self.rules, self._camera_scales[camera], size)


class GoldenJudges:
    """The judges of golden frames (``FrameJudges``)."""

    def __init__(self, judges: Judges) -> None:
        self._judges = judges

    def of(self, camera: str, bundle: Bundle, identity: BundleIdentity) -> Judge:
        """See ``Judges.of_golden``."""
        return self._judges.of_golden(camera, bundle, identity)
