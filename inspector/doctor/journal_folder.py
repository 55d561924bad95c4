"""The folder of the journal: whether SQLite can keep a WAL file there, and whether the disk is large enough."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import time
from pathlib import Path

from engines.errors import FileError
from engines.files.looking import is_file, is_folder, resolved
from inspector.config.journal import JournalConfig
from inspector.doctor.finding import Finding, Section, Subject
from inspector.errors import UserError

LEAST_FREE_BYTES = 1_000_000_000
LONGEST_CHECK_S = 5.0
"""Checking every page of a large journal would take minutes."""


def journal_finding(config: JournalConfig, section: Section) -> Finding:
    """Tries a journal in the folder and removes it again; an existing journal is only read."""
    if config.path is None:
        return Subject(section, "Journal").note("off (journal.path: null)", "verdicts are not kept")
    subject = Subject(section, "Journal", needed=True)
    path = Path(config.path)
    try:
        path = resolved(path)
        damage = _try(path, config.busy_timeout_ms)
        free = shutil.disk_usage(path.parent).free
    except (sqlite3.Error, UnicodeDecodeError, UserError, FileError, OSError) as error:
        advice = "make the folder writable, name another file, or set journal.path: null to run without a journal"
        return subject.wrong(f"{path}: {error}", advice)
    if damage:
        advice = (
            "the line keeps it under another name (.damaged-...) when it comes upon the damage, and begins a new one"
        )
        return subject.note(f"{path}: is damaged ({damage})", advice)
    found = f"{path.parent}: writable, {free / 1e9:.0f} GB free"
    limit = config.keep_bytes
    if free < LEAST_FREE_BYTES:
        return subject.note(found, "nearly full: when it is full, verdicts are still published but no longer kept")
    if limit is None or limit > free:
        allowed = "without limit" if limit is None else f"to {limit / 1e9:.0f} GB"
        return subject.note(found, f"the journal may grow {allowed}, more than is free; set journal.keep_bytes")
    return subject.ok(found, "SQLite keeps the journal there")


def _try(path: Path, busy_timeout_ms: int) -> str:
    """How an existing journal is damaged; empty where it is not, or is not there.

    Raises UserError, FileError, sqlite3.Error or OSError where the daemon could not write ``path``."""
    from inspector.results.journal_schema import open_for_writing

    if is_file(path):
        if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
            raise UserError("this user may not write it")
        return _damage(path)
    trial = path.parent / f".inspector-doctor-{os.getpid()}.sqlite"
    try:
        open_for_writing(path if is_folder(path) else trial, busy_timeout_ms).close()
    finally:
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                trial.with_name(trial.name + suffix).unlink()
    return ""


def _damage(path: Path) -> str:
    """What SQLite finds wrong with the pages that can be checked in ``LONGEST_CHECK_S``. Raises UserError for a file that is no journal."""
    from inspector.results.journal_damage import SQLITE_ERRORS, is_damage, may_be_ours
    from inspector.results.journal_schema import SCHEMA_VERSION, open_for_reading

    try:
        connection = open_for_reading(path)
    except UserError as error:
        cause = error.__context__
        if cause is None or not is_damage(cause) or not may_be_ours(path, SCHEMA_VERSION):
            raise
        return str(cause)
    until_s = time.monotonic() + LONGEST_CHECK_S
    with contextlib.closing(connection):
        connection.set_progress_handler(lambda: time.monotonic() > until_s, 10_000)
        try:
            found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        except sqlite3.OperationalError:  # interrupted: no damage was found so far
            return ""
        except SQLITE_ERRORS as error:
            return str(error)
    return "" if found == "ok" else " ".join(found.split())
