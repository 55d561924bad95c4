"""The judges of a line under one set of rules: one for each camera and bundle."""

from __future__ import annotations

from collections.abc import Mapping

from engines.bundle import Bundle
from inspector.config.positions import PlacementConfig
from inspector.config.verdicts import Scale, VerdictsConfig
from inspector.frames.outcome import BundleIdentity
from inspector.frames.size import FrameSize
from inspector.verdicts.judge import Judge
from inspector.verdicts.rule_check import check_rules, check_scale


class Judges:
    """Judges by camera and bundle. Every method may be called from any thread."""

    def __init__(
        self,
        rules: VerdictsConfig,
        scales: Mapping[str, Scale | None],
        placements: Mapping[str, PlacementConfig | None],
    ) -> None:
        """``scales`` and ``placements`` are those of the cameras, by name."""
        self.rules = rules
        self.scales = dict(scales)
        self._placements = dict(placements)
        self._judges: dict[tuple[str, BundleIdentity], Judge] = {}

    def check(self, bundle: Bundle) -> None:
        """Raise UserError where the rules do not fit the bundle's classes or a camera's scale, or a scale not the bundle's frames."""
        for camera, scale in self.scales.items():
            check_rules(self.rules, bundle.classes, scale)
            check_scale(camera, scale, FrameSize(bundle.height, bundle.width))

    def of(self, camera: str, bundle: Bundle, identity: BundleIdentity) -> Judge:
        """The judge for that bundle's results on frames of that camera; ``identity`` is the bundle's."""
        judge = self._judges.get((camera, identity))
        if judge is None:
            minimum_areas = bundle.operating_point.minimum_areas(bundle.classes)
            judge = self._judges[camera, identity] = Judge(
                self.rules, identity, minimum_areas, self.scales[camera], self._placements[camera]
            )
        return judge
