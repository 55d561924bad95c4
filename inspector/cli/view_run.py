"""``inspector view``: the process around the viewer."""

from __future__ import annotations

import time

from inspector.cli.output import tell
from inspector.service.log import log_to_stderr, sum_up_repeats, uncaught_logged
from inspector.service.notify import ServiceManager
from inspector.service.signals import stop_on_signals
from inspector.view.app import Viewer
from inspector.view.config import ViewConfig

_START_S = 10.0
_EVERY_S = 1.0


def run_viewer(config: ViewConfig, origin: str, log_level: str, log_format: str) -> None:
    """Run until a signal ends it. Raises UserError."""
    log_to_stderr(log_level, log_format)
    manager = ServiceManager.of_this_process()
    with uncaught_logged(), stop_on_signals() as stop:
        manager.starting(_START_S, "starting")
        viewer = Viewer(config, origin)
        text = f"{len(config.lines)} line{'s' if len(config.lines) != 1 else ''} at {viewer.url}"
        tell(f"open {viewer.url} in a browser on this machine; Ctrl-C stops it", at_once=True)
        manager.ready(text)
        viewer.run(stop, _Report(manager, text))
        manager.stopping("stopping")


class _Report:
    """Tells systemd each second."""

    def __init__(self, manager: ServiceManager, text: str) -> None:
        self._manager, self._text = manager, text
        self._told_s = 0.0
        self._every_s = _EVERY_S if manager.watchdog_s is None else min(_EVERY_S, manager.watchdog_s / 4)

    def __call__(self) -> None:
        now_s = time.monotonic()
        if now_s - self._told_s >= self._every_s:
            self._told_s = now_s
            self._manager.status(self._text, alive=self._manager.watchdog_s is not None)
            sum_up_repeats()
