"""The judges of a line under one set of rules: one for each camera and bundle."""

from __future__ import annotations

from collections.abc import Mapping

from engines.bundle import Bundle
from inspector.config.verdicts import Scale, VerdictsConfig
from inspector.frames.outcome import BundleIdentity
from inspector.frames.size import FrameSize
from inspector.line.fits import Fits
from inspector.verdicts.judge import Judge
from inspector.verdicts.rule_check import check_rules


class Judges:
    """Judges by camera and bundle. Every method may be called from any thread."""

    def __init__(self, rules: VerdictsConfig, scales: Mapping[str, Scale | None], fits: Fits) -> None:
        """``scales`` are those of the cameras' own pixels, by name."""
        self.rules = rules
        self.fits = fits
        self.scales = {name: fits.judged_scale(name, scale) for name, scale in scales.items()}
        """Of the pixels of the frames that are judged."""
        self._judges: dict[tuple[str, BundleIdentity, FrameSize], Judge] = {}

    def check(self, bundle: Bundle) -> None:
        """Raise UserError where the rules do not fit the bundle's classes or a camera's scale, or its thresholds not how a camera's frames
        are fitted."""
        self.fits.check(bundle)
        for scale in self.scales.values():
            check_rules(self.rules, bundle.classes, scale)

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
            judge = self._judges[key] = Judge(self.rules, identity, minimum_areas, self.scales[camera], size)
        return judge


class GoldenJudges:
    """The judges of golden frames (``FrameJudges``)."""

    def __init__(self, judges: Judges) -> None:
        self._judges = judges

    def of(self, camera: str, bundle: Bundle, identity: BundleIdentity) -> Judge:
        """See ``Judges.of_golden``."""
        return self._judges.of_golden(camera, bundle, identity)
