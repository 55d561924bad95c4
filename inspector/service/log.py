"""Log lines for a terminal and for the systemd journal, which adds the time itself."""

from __future__ import annotations

import logging
import os
import sys

from inspector.errors import UserError


def log_to_stderr(level: str) -> None:
    """Log messages of ``level`` and above to stderr. Raises UserError for a level that does not exist."""
    number = getattr(logging, level.upper(), None)
    if not isinstance(number, int):
        raise UserError(f"--log-level: {level!r} is not a level; use debug, info, warning or error")
    under_systemd = "JOURNAL_STREAM" in os.environ
    form = "%(levelname)s %(name)s: %(message)s" if under_systemd else "%(asctime)s %(levelname)-7s %(message)s"
    logging.basicConfig(level=number, stream=sys.stderr, format=form, force=True)
