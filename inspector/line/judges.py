"""The judges of a line: one for each camera and each bundle that is loaded."""

from __future__ import annotations

from engines.bundle import Bundle
from inspector.config.tree import LineConfig
from inspector.config.verdicts import check_rules
from inspector.frames.outcome import BundleIdentity
from inspector.verdicts.judge import Judge


class Judges:
    """Judges by camera and bundle; those of a bundle are made when it is loaded."""

    def __init__(self, config: LineConfig) -> None:
        self._verdicts = config.verdicts
        self._scales = {camera.name: camera.scale for camera in config.cameras}
        self._judges: dict[tuple[str, BundleIdentity], Judge] = {}

    def check(self, bundle: Bundle) -> None:
        """Raise UserError unless the line's rules can be applied to what the bundle finds."""
        for scale in self._scales.values():
            check_rules(self._verdicts, bundle.classes, scale)

    def add(self, bundle: Bundle, identity: BundleIdentity) -> None:
        """Know a bundle before its first result. Raises as ``check``."""
        self.check(bundle)
        areas = tuple(bundle.operating_point.minimum_areas(bundle.classes))
        for camera, scale in self._scales.items():
            self._judges[camera, identity] = Judge(self._verdicts, identity, areas, scale)

    def of(self, camera: str, identity: BundleIdentity) -> Judge:
        """Who judges what that bundle finds in frames of that camera."""
        return self._judges[camera, identity]
