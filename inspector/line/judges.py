"""The judges of a line: one for each camera and loaded bundle."""

from __future__ import annotations

from engines.bundle import Bundle
from inspector.config.tree import LineConfig
from inspector.frames.outcome import BundleIdentity
from inspector.inference.identity import identity_of
from inspector.verdicts.judge import Judge
from inspector.verdicts.rule_check import check_rules


class Judges:
    """Judges by camera and bundle. Those of a bundle are made before its child process is started."""

    def __init__(self, config: LineConfig, bundle: Bundle) -> None:
        """``bundle`` is the bundle the line starts with. Raises UserError like ``add``."""
        self._config = config.verdicts
        self._scales = {camera.name: camera.scale for camera in config.cameras}
        self._judges: dict[tuple[str, BundleIdentity], Judge] = {}
        self.add(bundle)

    def add(self, bundle: Bundle) -> None:
        """Make the judges of a further bundle. Raises UserError where the line's rules do not fit its classes."""
        minimum_areas = bundle.operating_point.minimum_areas(bundle.classes)
        for camera, scale in self._scales.items():
            check_rules(self._config, bundle.classes, scale)
            judge = Judge(self._config, identity_of(bundle), minimum_areas, scale)
            self._judges[camera, judge.bundle] = judge

    def of(self, camera: str, identity: BundleIdentity) -> Judge:
        """The judge for that bundle's results on frames of that camera."""
        return self._judges[camera, identity]
