"""Waits for the engines at the start of a line, and says meanwhile how far they are."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from inspector.inference.supervisor import Supervisor
from inspector.line.status import LineStatus

TELL_EVERY_S = 2.0
"""Time between two statuses while the engines load."""
_TURN_S = 0.05


class Loading:
    """The first load of the engines, which begins as this object is made.

    The first status comes once it has taken ``TELL_EVERY_S``, so that a subscriber that is there before the line has connected by then."""

    def __init__(
        self, supervisor: Supervisor, status: LineStatus, heard: Callable[[], bool], tick: Callable[[], None] | None
    ) -> None:
        """``heard`` says whether the subscribers are there that are not to miss anything; ``tick`` is called in every turn of ``wait``."""
        self._supervisor = supervisor
        self._status = status
        self._heard = heard
        self._tick = tick
        self._begun_s = self._told_s = time.monotonic()
        self._tell(self._begun_s, publish=False)

    def wait(self, stop: threading.Event) -> bool:
        """Wait until the engines are ready; False where ``stop`` was set before. Raises UserError where they cannot be loaded."""
        while not self._supervisor.wait_ready(_TURN_S):
            if stop.is_set():
                return False
            now_s = time.monotonic()
            if now_s - self._told_s >= TELL_EVERY_S:
                self._told_s = now_s
                self._tell(now_s, publish=self._heard())
            if self._tick is not None:
                self._tick()
        return True

    def _tell(self, now_s: float, *, publish: bool) -> None:
        for_s, limit_s = now_s - self._begun_s, self._supervisor.start_timeout_s
        text = f"the engines are being loaded: {for_s:.0f} s of at most {limit_s:g} s"
        self._status.progress("engines_loading", text, publish=publish)
