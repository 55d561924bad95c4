"""``inspector coil follow``: the process around a follower."""

from __future__ import annotations

import logging
from typing import Literal, cast

from inspector.cli.each_second import EachSecond
from inspector.coil.config import CoilConfig
from inspector.errors import UserError
from inspector.follow.follower import Follower
from inspector.service.log import log_to_stderr, uncaught_logged
from inspector.service.notify import ServiceManager
from inspector.service.signals import stop_on_signals

log = logging.getLogger("inspector")
_START_S = 10.0


def follow_coils(config: CoilConfig, since: str, log_level: str, log_format: str) -> None:
    """Run until a signal ends it. Raises UserError."""
    if since not in ("now", "epoch"):
        raise UserError(f"--since: found {since!r}, expected now or epoch")
    log_to_stderr(log_level, log_format)
    manager = ServiceManager.of_this_process()
    with uncaught_logged(), stop_on_signals() as stop:
        manager.starting(_START_S, "starting")
        with Follower(config, cast(Literal["now", "epoch"], since)) as follower:
            log.info("following the coils of the line at %s", config.follow.endpoint)
            manager.ready(follower.in_words())
            follower.run(stop, EachSecond(manager, follower.in_words))
            manager.stopping("stopping")
        log.info("stopped; coils over: %d", follower.coils)
