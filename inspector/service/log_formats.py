"""How a log record is written: text for people, an entry of the systemd journal, or a JSON object. Each is one line an event.

Texts in a record come from files and peers, so no form passes on a character that could steer a terminal or begin a line that looks like
another event.
"""

from __future__ import annotations

import json
import logging
import math
from datetime import datetime, timezone
from typing import Any

from engines.files.text import printable, printable_lines

LONGEST_MESSAGE = 4_000
"""Characters; of a longer message the middle is left out."""
LONGEST_TRACEBACK = 20_000
"""Characters; likewise."""
LONGEST_ENTRY = 40_000
"""Bytes of a line for journald, which splits one of 48 kB: the rest would be an event of its own."""
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_DEBUG_PRIORITY = 7
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
    "code",
    "traceback",
    "repeated",
}
"""What every record has, and what has a place of its own; anything else was passed in ``extra``."""


def message_of(record: logging.LogRecord) -> str:
    """The message in one line: its line ends are written as ``\\n``, and controls are replaced."""
    try:
        text = record.getMessage()
    except Exception:  # an event is worth more than its wording
        text = f"{record.msg} {record.args!r}"
    return printable(_without_middle(text, LONGEST_MESSAGE).replace("\n", "\\n"))


def traceback_of(record: logging.LogRecord) -> str:
    """The lines of the traceback, of this process or as ``extra={"traceback": ...}`` has it of another one; empty where there is none, and
    where the same was written often enough (``repeats``)."""
    if getattr(record, "repeated", False):
        return ""
    text = str(getattr(record, "traceback", ""))
    if record.exc_info and record.exc_info[0] is not None:
        text = logging.Formatter().formatException(record.exc_info)
    return printable_lines(_without_middle(text.rstrip("\n"), LONGEST_TRACEBACK))


class TextFormat(logging.Formatter):
    """For people: time, level, message; a traceback follows, indented, so that no line of it looks like an event."""

    def __init__(self, *, bare: bool = False) -> None:
        """``bare``: the message alone."""
        super().__init__()
        self._bare = bare

    def format(self, record: logging.LogRecord) -> str:
        """As the class says."""
        head = "" if self._bare else f"{self.formatTime(record)} {record.levelname:<7} "
        return "\n    ".join([head + message_of(record), *traceback_of(record).splitlines()])


class JournalFormat(logging.Formatter):
    """For journald: the priority as ``<3>``, the logger, the message. A traceback follows in the same line, its line ends written as ``\\n``:
    journald makes an entry of each line."""

    def format(self, record: logging.LogRecord) -> str:
        """As the class says."""
        lines = [message_of(record), *traceback_of(record).splitlines()]
        line = f"<{_priority(record.levelno)}>{printable(record.name)}: " + "\\n".join(lines)
        return line.encode("utf-8", "replace")[:LONGEST_ENTRY].decode("utf-8", "ignore")


class JsonFormat(logging.Formatter):
    """One JSON object: time (UTC), level, logger, event, message, fields, and a traceback where there is one.

    ``event`` is the same for all events of a kind: the code of the status message that goes with it (``extra={"code": ...}``), else the
    message with its places left open. ``fields`` is whatever else ``extra`` holds."""

    def format(self, record: logging.LogRecord) -> str:
        """As the class says."""
        time = datetime.fromtimestamp(record.created, tz=timezone.utc)
        event: dict[str, Any] = {
            "time": time.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": str(getattr(record, "code", "") or record.msg),
            "message": message_of(record),
            "fields": {name: _plain(value) for name, value in vars(record).items() if name not in _USUAL},
        }
        if traceback := traceback_of(record):
            event["traceback"] = traceback
        # Everything beyond ASCII is escaped, DEL is not.
        return json.dumps(event).replace("\x7f", "\\u007f")


def _plain(value: object) -> object:
    """A value that JSON knows."""
    if value is None or isinstance(value, (bool, int, str)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return str(value)


def _priority(level: int) -> int:
    return next((priority for least, priority in _PRIORITIES if level >= least), _DEBUG_PRIORITY)


def _without_middle(text: str, most: int) -> str:
    half = most // 2
    return text if len(text) <= most else f"{text[:half]} ... {text[-half:]}"
