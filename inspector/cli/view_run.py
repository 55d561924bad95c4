"""``inspector view``: the process around the viewer."""

from __future__ import annotations

import logging

from inspector.cli.each_second import EachSecond
from inspector.cli.output import tell
from inspector.config.addresses import is_loopback
from inspector.service.log import log_to_stderr, uncaught_logged
from inspector.service.notify import ServiceManager
from inspector.service.process import raise_open_files
from inspector.service.signals import stop_on_signals
from inspector.view.app import Viewer
from inspector.view.config import ViewConfig
from inspector.view.load import listen_address

_START_S = 10.0


def run_viewer(config: ViewConfig, origin: str, log_level: str, log_format: str) -> None:
    """Run until a signal ends it. Raises UserError."""
    log_to_stderr(log_level, log_format)
    if log_level == "warning":  # the default; who logs in is to be known there too
        logging.getLogger("inspector.view.access.login").setLevel(logging.INFO)
    raise_open_files()  # whoever begins to connect and goes no further holds one for seconds
    manager = ServiceManager.of_this_process()
    with uncaught_logged(), stop_on_signals() as stop:
        manager.starting(_START_S, "starting")
        viewer = Viewer(config, origin)
        text = f"{len(config.lines)} line{'s' if len(config.lines) != 1 else ''} at {viewer.url}"
        where = "in a browser on this machine" if is_loopback(listen_address(config, origin).host) else "in a browser"

        def ready() -> None:
            tell(f"open {viewer.url} {where}; Ctrl-C stops it", at_once=True)
            manager.ready(text)

        viewer.run(stop, EachSecond(manager, lambda: text), ready)
        manager.stopping("stopping")
