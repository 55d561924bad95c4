"""Announces runs, and what their frames are inspected with, on the results' streams."""

from __future__ import annotations

from collections.abc import Callable

from inspector.config.tree import LineConfig
from inspector.line.setup import Setup
from inspector.line.start_info import start_info
from inspector.protocol.messages import StartBody
from inspector.results.identity import StartInfo, Totals
from inspector.results.results import Results


class Announcer:
    """What ``runs.RunMessages`` asks for."""

    def __init__(
        self,
        config: Callable[[], LineConfig],
        results: Results,
        product_changed: Callable[[], None],
    ) -> None:
        """``config`` gives the line's configuration as it is now. ``product_changed`` is called where another recipe comes into force."""
        self._config = config
        self._results = results
        self._product_changed = product_changed
        self._recipe = ""

    def begun(self, camera: str, run: str, setup: Setup) -> None:
        """A run begins."""
        self._look(setup)
        self._results.begin(camera, run, self._info(camera, setup))

    def changed(self, camera: str, setup: Setup, why: str) -> None:
        """What frames are inspected with changes."""
        self._look(setup)
        self._results.change(camera, self._info(camera, setup), why)

    def ended(self, camera: str, run: str, totals: Totals) -> None:
        """Every frame of the run has its verdict."""
        self._results.end(camera, run, totals)

    def start_bodies(self, setup: Setup) -> dict[str, StartBody]:
        """What a subscriber needs to read the results of each camera."""
        cameras = [camera.name for camera in self._config().cameras]
        return {name: self._results.start_body(self._info(name, setup)) for name in cameras}

    def _look(self, setup: Setup) -> None:
        if setup.recipe != self._recipe:
            self._recipe = setup.recipe
            self._product_changed()

    def _info(self, camera: str, setup: Setup) -> StartInfo:
        config = self._config()
        (one,) = (one for one in config.cameras if one.name == camera)
        return start_info(config, one, setup)
