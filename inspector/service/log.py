"""Log lines for a terminal and for the systemd journal, which adds the time itself."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

from engines.files.text import printable, printable_lines
from inspector.errors import UserError


def log_to_stderr(level: str) -> None:
    """Log messages of ``level`` and above to stderr. Raises UserError for a level that does not exist."""
    number = getattr(logging, level.upper(), None)
    if not isinstance(number, int):
        raise UserError(f"--log-level: {level!r} is not a level; use debug, info, warning or error")
    under_systemd = "JOURNAL_STREAM" in os.environ
    form = "%(levelname)s %(name)s: %(message)s" if under_systemd else "%(asctime)s %(levelname)-7s %(message)s"
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Printable(form))
    logging.basicConfig(level=number, handlers=[handler], force=True)


def clean_warnings() -> None:
    """Let the warnings of a command that sets up no log be as printable as those of one that does."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_Printable())


class _Printable(logging.Formatter):
    """Replaces characters that could steer a terminal, or begin a line that looks like another message: names come from files and peers."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's own name
        """The line of a record, without its traceback."""
        return printable(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802  logging's own name
        """The lines of a traceback."""
        return printable_lines(super().formatException(ei))
