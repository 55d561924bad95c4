"""Runs a command in this process, where a process of its own would show nothing more."""

from __future__ import annotations

import io
import logging
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import typer.main

from inspector.cli.app import app
from inspector.cli.ending import exit_status

COMMAND = typer.main.get_command(app)


class Ended(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


@contextmanager
def _log_put_back() -> Iterator[None]:
    """A command that logs takes the root logger for itself; the tests that follow look at it too."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def run(*arguments: str | Path) -> Ended:
    """Run to the end. Raises what a user would see as a traceback."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), _log_put_back():
        status = exit_status(lambda: COMMAND.main([str(one) for one in arguments], prog_name="inspector"))
    return Ended(status, out.getvalue(), err.getvalue())


def inspector(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """As `tests.cli.command.inspector`, in this process."""
    ended = run(*arguments)
    return subprocess.CompletedProcess(arguments, ended.status, ended.out, ended.err)


def refused(*arguments: str | Path) -> str:
    """The one line that a command is refused with."""
    ended = run(*arguments)
    lines = [line for line in ended.err.splitlines() if line.strip()]
    assert (ended.status, len(lines)) == (2, 1), ended
    return lines[0]
