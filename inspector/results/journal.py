"""Writes the journal: one thread, one connection, group commit. No other thread waits for the disk.

``append`` only queues; the order of the queue is the order of publication. The thread commits the queued rows as one
transaction. Commands come first, in a transaction of their own, because somebody waits for them; what a shadow bundle said comes last. While SQLite refuses (disk full, read-only, locked) or hangs, rows wait in memory up to a limit and the
commit is tried again and again; beyond the limits rows are dropped and counted. A file that turns out to be damaged is set aside and
a new one begun. ``condition`` describes the problem.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from pathlib import Path

from inspector.config.journal import JournalConfig
from inspector.errors import UserError
from inspector.results.clock_watch import STANDS_S, ClockWatch
from inspector.results.command_record import CommandRecord
from inspector.results.identity import Identity
from inspector.results.journal_damage import SQLITE_ERRORS
from inspector.results.journal_file import JournalFile
from inspector.results.journal_queue import JournalQueue
from inspector.results.journal_state import Condition, JournalState
from inspector.results.publication import Publication
from inspector.results.record_queue import Entry, RecordQueue
from inspector.results.retention import Retention
from inspector.results.shadow_record import Comparison, Disagreement

log = logging.getLogger(__name__)

_STALLED_S = 2.0
"""A commit that takes longer counts as trouble."""
_LONGEST_OPEN_S = 10.0
"""A disk that takes longer to open the file counts as hung."""
_CHECK_S = 0.05
_GATHER_S = 0.005
"""Rows are prepared so often, where there are some."""
_BEHIND = 0.1
"""Where more of the publications that may wait do so, what the shadow bundle said is let go."""


class Journal:
    """Keeps the publications and commands of one epoch in an SQLite file. ``append`` from one thread, the rest from any."""

    def __init__(self, config: JournalConfig, identity: Identity, clock: ClockWatch | None = None) -> None:
        """``clock``: default the clocks of the machine."""
        if config.path is None:
            raise ValueError("a journal needs a path")
        self.path = Path(config.path)
        self._config = config
        self._queue = JournalQueue(config)
        self._records = RecordQueue()
        self._wake = threading.Event()
        self._hurry = threading.Event()
        """Set with ``_wake`` where somebody waits for a commit, which is then not held back for more rows."""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._retention = Retention(config, clock)
        self._file = JournalFile(self.path, identity, config.busy_timeout_ms)
        self._opened = threading.Event()
        self._refusal: Exception | None = None
        self._error = ""
        self._busy_since_s: float | None = None
        self._committed = self._commits = 0

    def open(self, stopping: threading.Event | None = None) -> None:
        """Start the writer and wait until it has opened or made the file, or ``stopping`` is set. Raises UserError naming ``journal.path``."""
        self._thread.start()
        until_s = time.monotonic() + _LONGEST_OPEN_S + self._config.busy_timeout_ms / 1000
        while not self._opened.wait(_CHECK_S):
            if stopping is not None and stopping.is_set():
                return
            if time.monotonic() > until_s:
                self._refusal = OSError(f"the disk does not answer within {_LONGEST_OPEN_S:g} s")
                break
        if isinstance(self._refusal, UserError):
            raise self._refusal
        if self._refusal is not None:
            raise UserError(
                f"journal.path: {self.path} cannot be written ({self._refusal}); make it writable, name another file, "
                "or set journal.path: null to run without a journal"
            ) from None

    def append(self, publication: Publication) -> int | None:
        """Queue a row; never blocks. Returns its ticket, which ``done_through`` reaches once it is stored or given up; None where it is let go."""
        ticket = self._queue.append(publication)
        if ticket is not None and not self._wake.is_set():
            self._wake.set()
        return ticket

    def done_through(self) -> int:
        """The last ticket that is stored or given up."""
        return self._queue.done_through

    def record_command(self, record: CommandRecord, timeout_s: float) -> bool:
        """Store a command; blocks until it is committed. False where it is not within ``timeout_s``: it stays queued then, or is let go where
        thousands wait."""
        entry = self._records.command(record)
        return entry is not None and self._waited(entry, timeout_s)

    def record_shadow(self, record: Disagreement | Comparison) -> None:
        """Queue what a shadow bundle said; never blocks. It is let go where the writer is behind."""
        behind = bool(self._error) or self._queue.waiting > _BEHIND * self._config.max_waiting
        if self._records.shadow(record, behind=behind) and not self._wake.is_set():
            self._wake.set()

    def writable(self, timeout_s: float) -> str:
        """Why a commit is not possible now, one line, by a trial write; empty where it is. Blocks for at most ``timeout_s``."""
        if trouble := self.trouble():
            return trouble
        if self._waited(self._records.trial(), timeout_s):
            return ""
        return self.trouble() or f"{self.path}: the disk does not answer within {timeout_s:g} s"

    def state(self) -> JournalState:
        """The state of the journal now."""
        return JournalState(
            path=str(self.path),
            error=self._error,
            committed=self._committed,
            commits=self._commits,
            waiting=self._queue.waiting,
            not_journaled=self._queue.let_go,
            commands_waiting=self._records.commands_waiting,
            commands_not_journaled=self._records.commands_let_go,
            shadow_not_journaled=self._records.shadow_let_go,
            oldest_s=self._queue.oldest_s,
            committed_bytes=self._queue.stored_bytes,
        )

    def trouble(self) -> str:
        """Why publications cannot be stored now, one line; empty while they can."""
        if self._error:
            return f"{self.path}: {self._error}"
        busy_since_s = self._busy_since_s
        if (
            busy_since_s is not None
            and time.monotonic() - busy_since_s > _STALLED_S + self._config.busy_timeout_ms / 1000
        ):
            return f"{self.path}: the disk does not answer"
        if self._queue.full:
            return f"{self.path}: the disk is slower than the line"
        return ""

    def condition(self) -> Condition:
        """What is not as it should be now."""
        if trouble := self.trouble():
            return Condition("journal_failing", f"journal {trouble}; verdicts go on, commits are tried again")
        if time.monotonic() - self._file.aside_at_s < STANDS_S:
            return Condition("journal_set_aside", f"journal {self._file.aside}")
        if clock := self._retention.clock.trouble:
            return Condition(
                "clock_jumped", f"{clock}; messages are dated by it, ages in the journal are counted without it"
            )
        return Condition()

    def close(self, timeout_s: float) -> bool:
        """Commit what waits and close the file; False, with a log entry, where that took longer than ``timeout_s``."""
        self._closing.set()
        self._hurry.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        commands = self._records.commands_waiting
        self._records.close()
        if self._thread.is_alive() or self._queue.waiting or commands:
            lost, reason = self._queue.waiting + self._queue.let_go, self._error or "the disk does not answer"
            and_commands = f" and {commands} commands" if commands else ""
            log.error("journal %s: %d publications%s were not journaled: %s", self.path, lost, and_commands, reason)
            return False
        return True

    def _waited(self, entry: Entry, timeout_s: float) -> bool:
        """Whether ``entry`` is stored within the time."""
        self._hurry.set()
        self._wake.set()
        entry.over.wait(timeout_s)
        return entry.stored

    def _run(self) -> None:
        try:
            self._connect()
        except Exception as error:
            self._refusal = error
            self._file.close()
            return
        finally:
            self._opened.set()
        while not (self._closing.is_set() and not self._queue.waiting and not self._records.waiting):
            try:
                self._turn()
            except Exception as error:  # the writer goes on, whatever happens: verdicts do not depend on it
                log.exception("journal %s: internal error", self.path)
                self._failed(error)
                self._closing.wait(self._config.retry_ms / 1000)
            if self._closing.is_set() and self._error:
                break
        self._retention.close()
        self._file.close()

    def _turn(self) -> None:
        """Wait for rows or for a step of retention, and do what there is to do."""
        self._wake.wait(self._retention.due_in_s())
        # Cleared before the queue is read: a row appended from here on sets it again.
        self._wake.clear()
        self._hurry.clear()
        self._log_clock(self._retention.clock.check())
        if self._queue.waiting and not self._records.urgent:
            self._gather()
        ok = self._commit_all() and self._commit_records(urgent=False)
        if not self._closing.is_set() and (not ok or (self._retention.due_in_s() <= 0 and not self._trim())):
            self._closing.wait(self._config.retry_ms / 1000)
            self._wake.set()

    def _gather(self) -> None:
        """Wait until a commit is due, and prepare rows meanwhile: all at once they would keep the line's other threads waiting."""
        until_s = time.monotonic() + self._config.commit_interval_ms / 1000
        pause_s = _GATHER_S
        while not (self._closing.is_set() or self._hurry.is_set()) and (left_s := until_s - time.monotonic()) > 0:
            self._hurry.wait(min(left_s, pause_s))
            pause_s = _GATHER_S if self._queue.take() else left_s
            if self._queue.behind_group:
                return

    def _log_clock(self, trouble: str) -> None:
        """Log what the clock did, where it did something."""
        if trouble:
            log.warning(
                "journal %s: %s; no publication is deleted for its age because of that; look at the machine's time service",
                self.path,
                trouble,
            )

    def _commit_all(self) -> bool:
        """Commit group by group until nothing waits, commands between two groups; False where the disk refused."""
        queue = self._queue
        while self._commit_records(urgent=True):
            if not (queue.take() or queue.group):
                return True
            self._busy_since_s = time.monotonic()
            stored = False
            try:
                self._file.insert(self._connected(), queue.group)
                self._committed += len(queue.group)
                self._commits += 1
                stored = True
            except (*SQLITE_ERRORS, OSError, UserError) as error:
                if not isinstance(error, (sqlite3.ProgrammingError, sqlite3.DataError)):
                    if self._failed(error):
                        continue
                    return False
                self._drop_group()
            except Exception:
                self._drop_group()
            finally:
                self._busy_since_s = None
            queue.done(stored=stored)
            if self._error:
                self._recovered()
        return False

    def _commit_records(self, *, urgent: bool) -> bool:
        """Commit the commands and trial writes that wait, or some of what the shadow bundle said; False where the disk refused."""
        records = self._records
        while group := records.urgent_group() if urgent else records.shadow_group():
            self._busy_since_s = time.monotonic()
            try:
                refused = self._file.store(self._connected(), group, self._retention.age_s, durable=urgent)
            except (*SQLITE_ERRORS, OSError, UserError) as error:
                if self._failed(error):
                    continue
                records.end_trials()
                return False
            finally:
                self._busy_since_s = None
            records.done(group, refused)
            if self._error:
                self._recovered()
            if not urgent:  # the rest has time
                if records.waiting:
                    self._wake.set()
                break
        return True

    def _drop_group(self) -> None:
        """A row that cannot be stored would fail for ever and block all later rows."""
        log.exception("journal %s: a group of %d publications cannot be stored", self.path, len(self._queue.group))
        self._file.rollback()

    def _connected(self) -> sqlite3.Connection:
        """The connection to the file at the path, opened where there is none."""
        return self._file.connected() or self._connect()

    def _connect(self) -> sqlite3.Connection:
        connection = self._file.connect()
        try:
            self._log_clock(self._retention.opened(connection))
        except SQLITE_ERRORS as error:
            self._file.disconnect()
            if not self._file.set_aside_if_damaged(error):
                raise
            connection = self._file.connect()
            self._retention.opened(connection)
        return connection

    def _failed(self, error: Exception) -> bool:
        """Close the connection; the next commit opens a new one. True where the file was damaged and is set aside, so that this can be at once;
        else the failure is recorded."""
        self._file.rollback()
        self._file.disconnect()
        try:
            if self._file.set_aside_if_damaged(error):
                return True
        except UserError as problem:
            error = problem
        first, self._error = not self._error, str(error)
        if first:
            log.error(
                "journal %s: %s; publishing goes on, trying again every %d ms; see whether the disk is full and the file may be written",
                self.path,
                error,
                self._config.retry_ms,
            )
        return False

    def _recovered(self) -> None:
        self._error = ""
        log.warning("journal %s: written again; %d publications were not journaled", self.path, self._queue.let_go)

    def _trim(self) -> bool:
        """One small step of retention, after a commit. False where the disk refused."""
        self._busy_since_s = time.monotonic()
        try:
            self._retention.step(self._connected())
        except (*SQLITE_ERRORS, OSError, UserError) as error:
            return self._failed(error)
        finally:
            self._busy_since_s = None
        if self._error:
            self._recovered()
        return True
