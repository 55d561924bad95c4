"""What a process beside the line tells systemd while it runs."""

from __future__ import annotations

import time
from collections.abc import Callable

from inspector.service.log import sum_up_repeats
from inspector.service.notify import ServiceManager

_EVERY_S = 1.0


class EachSecond:
    """To be called several times a second from the loop that must not hang."""

    def __init__(self, manager: ServiceManager, in_words: Callable[[], str]) -> None:
        """``in_words``: how the process is, one line for a person."""
        self._manager, self._in_words = manager, in_words
        self._told_s = 0.0
        self._every_s = _EVERY_S if manager.watchdog_s is None else min(_EVERY_S, manager.watchdog_s / 4)

    def __call__(self) -> None:
        """Tell it, where it is time to."""
        now_s = time.monotonic()
        if now_s - self._told_s >= self._every_s:
            self._told_s = now_s
            self._manager.status(self._in_words(), alive=self._manager.watchdog_s is not None)
            sum_up_repeats()
