"""The log of the process, on stderr: set up for a terminal, for the systemd journal or for a program that collects JSON."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from inspector.errors import UserError
from inspector.service.log_formats import JournalFormat, JsonFormat, TextFormat
from inspector.service.log_outlet import Outlet
from inspector.service.repeats import RepeatLimit

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("auto", "text", "journal", "json")

log = logging.getLogger("inspector")


class _StderrHandler(logging.Handler):
    """Writes the records that the limit on repeats lets pass, and waits for nobody who reads them."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self._outlet = Outlet(sys.stderr)
        self.structured = form in ("journal", "json")
        self.setFormatter({"journal": JournalFormat, "json": JsonFormat}.get(form, TextFormat)())
        self.limit = RepeatLimit(self._write)
        self.addFilter(self.limit)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, or leave it out where that cannot be done at once."""
        try:
            lost = self._outlet.lost
            if lost and self._outlet.write(self.format(_about_lost(lost)) + "\n"):
                self._outlet.told()
            self._outlet.write(self.format(record) + "\n")
        except Exception:
            self.handleError(record)

    def _write(self, record: logging.LogRecord) -> None:
        """Write a record past the limit."""
        self.acquire()
        try:
            self.emit(record)
        finally:
            self.release()


def _about_lost(number: int) -> logging.LogRecord:
    text = "%d messages before this one are not in the log: it could not be written, or nobody read it"
    return logging.makeLogRecord(
        {"name": "inspector", "levelno": logging.WARNING, "levelname": "WARNING", "msg": text, "args": (number,)}
    )


def log_to_stderr(level: str, form: str = "auto") -> None:
    """Log messages of ``level`` and above to stderr; ``form`` auto is that of the journal where stderr is connected to it, else text.

    Raises UserError for a level or a form that does not exist."""
    number = _number(level, "--log-level")
    if form not in FORMATS:
        raise UserError(f"--log-format: {form!r} is no format; use {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
    if form == "auto":
        form = "journal" if _is_journal(2) else "text"
    logging.basicConfig(level=number, handlers=[_StderrHandler(form)], force=True)


def set_level(level: str) -> None:
    """Log messages of ``level`` and above from now on. Raises UserError for a level that does not exist."""
    logging.getLogger().setLevel(_number(level, "log level"))


def sum_up_repeats() -> None:
    """Tell how many messages were left out, where a minute is over. To be called from time to time."""
    for handler in _handlers():
        handler.limit.sum_up()


def structured() -> bool:
    """Whether a program reads the log, so that whatever goes to stderr should go through it."""
    return any(handler.structured for handler in _handlers())


@contextmanager
def uncaught_logged() -> Iterator[None]:
    """Log what ends a thread, which Python itself would print in several lines."""
    before = threading.excepthook
    threading.excepthook = _thread_failed
    try:
        yield
    finally:
        threading.excepthook = before


def clean_warnings() -> None:
    """Let the warnings of a command that sets up no log be as printable, and as few, as those of one that does."""
    last = logging.lastResort
    if last is not None and not last.filters:
        last.setFormatter(TextFormat(bare=True))
        last.addFilter(RepeatLimit(last.emit))


def _handlers() -> list[_StderrHandler]:
    return [handler for handler in logging.getLogger().handlers if isinstance(handler, _StderrHandler)]


def _number(level: str, what: str) -> int:
    if level.lower() not in LEVELS:
        raise UserError(f"{what}: {level!r} is not a level; use {', '.join(LEVELS[:-1])} or {LEVELS[-1]}")
    return int(getattr(logging, level.upper()))


def _is_journal(descriptor: int) -> bool:
    """Whether the file is the stream to journald that systemd has named, and not redirected since."""
    device, _, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        status = os.fstat(descriptor)
    except OSError:
        return False
    return (device, inode) == (str(status.st_dev), str(status.st_ino))


def _thread_failed(failure: threading.ExceptHookArgs) -> None:
    if failure.exc_type is SystemExit or failure.exc_value is None:
        return
    name = failure.thread.name if failure.thread else "a thread"
    log.critical(
        "thread %s has ended by an internal error; restart the line, and report this with the traceback",
        name,
        exc_info=(failure.exc_type, failure.exc_value, failure.exc_traceback),
    )
