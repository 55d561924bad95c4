"""Announces runs, and what their frames are inspected with, on the results' streams."""

from __future__ import annotations

from collections.abc import Callable

from inspector.config.tree import LineConfig
from inspector.frames.sheet import SHEET
from inspector.line.setup import Setup
from inspector.line.start_info import sheets_info, start_info
from inspector.protocol.messages import StartBody
from inspector.results.identity import StartInfo, Totals
from inspector.results.results import Results
from inspector.sheets.collector import SheetCollector


class Announcer:
    """What ``runs.RunMessages`` asks for."""

    def __init__(
        self,
        config: Callable[[], LineConfig],
        results: Results,
        product_changed: Callable[[], None],
        sheets: SheetCollector | None = None,
    ) -> None:
        """``config`` gives the line's configuration as it is now. ``product_changed`` is called where another recipe comes into force; ``sheets``
        is told of runs, and begins them in a stream of its own."""
        self._config = config
        self._results = results
        self._product_changed = product_changed
        self._sheets = sheets
        self._recipe = ""

    def begun(self, camera: str, run: str, setup: Setup) -> None:
        """A run begins."""
        self._look(setup)
        info = self._info(camera, setup)
        self._results.begin(camera, run, info)
        if self._sheets is not None and camera == self._sheets.cameras[0]:
            self._results.begin(SHEET, run, self._sheets_info(info, setup))
            self._sheets.begun(run)

    def changed(self, camera: str, setup: Setup, why: str) -> None:
        """What frames are inspected with changes."""
        self._look(setup)
        info = self._info(camera, setup)
        self._results.change(camera, info, why)
        if self._sheets is not None and camera == self._sheets.cameras[0]:
            self._results.change(SHEET, self._sheets_info(info, setup), why)

    def ended(self, camera: str, run: str, totals: Totals) -> None:
        """Every frame of the run has its verdict."""
        self._results.end(camera, run, totals)
        if self._sheets is not None:
            self._sheets.ended(camera, run)

    def start_bodies(self, setup: Setup) -> dict[str, StartBody]:
        """What a subscriber needs to read the results of each camera, and of sheets."""
        cameras = [camera.name for camera in self._config().cameras]
        infos = {name: self._info(name, setup) for name in cameras}
        if self._sheets is not None:
            infos[SHEET] = self._sheets_info(infos[self._sheets.cameras[0]], setup)
        return {name: self._results.start_body(info) for name, info in infos.items()}

    def _look(self, setup: Setup) -> None:
        if setup.recipe != self._recipe:
            self._recipe = setup.recipe
            self._product_changed()

    def _sheets_info(self, info: StartInfo, setup: Setup) -> StartInfo:
        config = self._config()
        assert config.sheets is not None, "there is a collector"
        return sheets_info(config, config.sheets, info, setup)

    def _info(self, camera: str, setup: Setup) -> StartInfo:
        config = self._config()
        (one,) = (one for one in config.cameras if one.name == camera)
        return start_info(config, one, setup)
