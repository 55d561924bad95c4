"""``inspector coil follow``: the process around a follower."""

from __future__ import annotations

import logging
import time
from typing import Literal, cast

from inspector.coil.config import CoilConfig
from inspector.errors import UserError
from inspector.follow.follower import Follower
from inspector.service.log import log_to_stderr, sum_up_repeats, uncaught_logged
from inspector.service.notify import ServiceManager
from inspector.service.signals import stop_on_signals

log = logging.getLogger("inspector")
_START_S = 10.0
_EVERY_S = 1.0


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
            follower.run(stop, _Report(follower, manager))
            manager.stopping("stopping")
        log.info("stopped; coils over: %d", follower.coils)


class _Report:
    """Tells systemd each second."""

    def __init__(self, follower: Follower, manager: ServiceManager) -> None:
        self._follower, self._manager = follower, manager
        self._told_s = 0.0
        self._every_s = _EVERY_S if manager.watchdog_s is None else min(_EVERY_S, manager.watchdog_s / 4)

    def __call__(self) -> None:
        now_s = time.monotonic()
        if now_s - self._told_s >= self._every_s:
            self._told_s = now_s
            self._manager.status(self._follower.in_words(), alive=self._manager.watchdog_s is not None)
            sum_up_repeats()
