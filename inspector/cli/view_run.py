"""``inspector view``: the process around the viewer."""

from __future__ import annotations

from inspector.cli.each_second import EachSecond
from inspector.cli.output import tell
from inspector.service.log import log_to_stderr, uncaught_logged
from inspector.service.notify import ServiceManager
from inspector.service.signals import stop_on_signals
from inspector.view.app import Viewer
from inspector.view.config import ViewConfig

_START_S = 10.0


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
        viewer.run(stop, EachSecond(manager, lambda: text))
        manager.stopping("stopping")
