"""The judges of a line: one for each camera and each bundle that is loaded."""

from __future__ import annotations

from engines.bundle import Bundle
from inspector.config.tree import LineConfig
from inspector.frames.outcome import BundleIdentity
from inspector.inference.identity import identity_of
from inspector.verdicts.judge import Judge
from inspector.verdicts.rule_check import check_rules


class Judges:
    """Judges by camera and bundle; those of a bundle are made before it is loaded."""

    def __init__(self, config: LineConfig, bundle: Bundle) -> None:
        """``bundle`` is the first one. Raises UserError as ``add``."""
        self._config = config.verdicts
        self._scales = {camera.name: camera.scale for camera in config.cameras}
        self._judges: dict[tuple[str, BundleIdentity], Judge] = {}
        self.add(bundle)

    def add(self, bundle: Bundle) -> None:
        """Make the judges of a further bundle. Raises UserError where the line's rules do not fit what it finds."""
        minimum_areas = bundle.operating_point.minimum_areas(bundle.classes)
        for camera, scale in self._scales.items():
            check_rules(self._config, bundle.classes, scale)
            judge = Judge(self._config, identity_of(bundle), minimum_areas, scale)
            self._judges[camera, judge.bundle] = judge

    def of(self, camera: str, identity: BundleIdentity) -> Judge:
        """Who judges what that bundle finds in frames of that camera."""
        return self._judges[camera, identity]
