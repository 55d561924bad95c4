"""Limits how often a log repeats itself, so that neither a fault that comes with every frame nor a peer can fill a disk."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

MESSAGES_A_MINUTE = 20
"""Messages of one kind."""
TRACEBACKS_A_MINUTE = 3
"""Of them, those that keep their traceback."""
MOST_KINDS = 1000
"""Kinds that are told apart within a minute; further ones count as one kind."""
_MINUTE_S = 60.0


class _Kind(NamedTuple):
    """Messages that are alike: the same text with its places left open, from the same logger, at the same level."""

    logger: str
    level: int
    template: str
    code: str


class _Count:
    """What became of the messages of one kind in this minute."""

    __slots__ = ("left_out", "newest", "tracebacks", "written")

    def __init__(self) -> None:
        self.written = self.left_out = self.tracebacks = 0
        self.newest: tuple[object, object] = ("", None)
        """Template and arguments of the one that was left out last."""


_OTHERS = _Kind("inspector", logging.WARNING, "", "")


class RepeatLimit(logging.Filter):
    """Passes the first messages of each kind in a minute, and tells after the minute how many were left out. For one handler."""

    def __init__(
        self, write: Callable[[logging.LogRecord], object], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``write`` is called with the records that tell the numbers; ``clock`` gives seconds."""
        super().__init__()
        self._write = write
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: dict[_Kind, _Count] = {}
        self._begun_s = clock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be written. Its attribute ``repeated`` is set where it is to go without its traceback."""
        self.sum_up()
        kind = _Kind(record.name, record.levelno, str(record.msg), str(getattr(record, "code", "")))
        with self._lock:
            if kind not in self._counts and len(self._counts) >= MOST_KINDS:
                kind = _OTHERS
            count = self._counts.setdefault(kind, _Count())
            if count.written >= MESSAGES_A_MINUTE:
                count.left_out += 1
                count.newest = record.msg, record.args
                return False
            count.written += 1
            if record.exc_info or hasattr(record, "traceback"):
                count.tracebacks += 1
                record.repeated = count.tracebacks > TRACEBACKS_A_MINUTE
        return True

    def sum_up(self) -> None:
        """Tell, once the minute is over, how many messages were left out in it. To be called from time to time: the next message may come late."""
        now_s = self._clock()
        if now_s - self._begun_s < _MINUTE_S:
            return
        with self._lock:
            if now_s - self._begun_s < _MINUTE_S:
                return
            self._begun_s, counts, self._counts = now_s, self._counts, {}
        for kind, count in counts.items():
            if count.left_out:
                self._write(_summary(kind, count))


def _summary(kind: _Kind, count: _Count) -> logging.LogRecord:
    template, arguments = count.newest
    newest = logging.makeLogRecord({"msg": template, "args": arguments})
    try:
        text = newest.getMessage()
    except Exception:
        text = str(template)
    return logging.makeLogRecord(
        {
            "name": kind.logger,
            "levelno": kind.level,
            "levelname": logging.getLevelName(kind.level),
            "msg": "%d further messages of this kind in the last minute are not listed, the last: %s",
            "args": (count.left_out, text),
            "left_out": count.left_out,
        }
    )
