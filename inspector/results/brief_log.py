"""Logs what peers cause: some lines a minute, and of the others only their number, so that no peer can fill a disk."""

from __future__ import annotations

import logging
import time

LINES_A_MINUTE = 20
_MINUTE_S = 60.0


class BriefLog:
    """Log lines of one kind; at most ``LINES_A_MINUTE`` a minute are written, then how many were left out."""

    def __init__(self, log: logging.Logger, level: int, kind: str) -> None:
        """``kind`` names the lines where their number is told, in the plural: 'subscriptions'."""
        self._log = log
        self._level = level
        self._kind = kind
        self._minute_s = -_MINUTE_S
        self._written = 0
        self._left_out = 0

    def write(self, text: str, *arguments: object, exc_info: bool = False) -> None:
        """Log a line, or only count it."""
        self.sum_up()
        if self._written >= LINES_A_MINUTE:
            self._left_out += 1
            return
        self._written += 1
        self._log.log(self._level, text, *arguments, exc_info=exc_info)

    def sum_up(self) -> None:
        """Tell, once the minute is over, how many lines were left out in it."""
        now_s = time.monotonic()
        if now_s - self._minute_s < _MINUTE_S:
            return
        if self._left_out:
            self._log.log(self._level, "%d further %s in the last minute are not listed", self._left_out, self._kind)
        self._minute_s, self._written, self._left_out = now_s, 0, 0
