"""Runs the ``inspector`` command as a user does: a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.results.publishing import eventually

COMMAND = [sys.executable, "-m", "inspector"]


def inspector(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run to the end."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=50, cwd=cwd, check=False
    )


def one_line_of(finished: subprocess.CompletedProcess[str]) -> str:
    """The one line a user's mistake leads to: on stderr, exit status 2, no traceback."""
    lines = [line for line in finished.stderr.splitlines() if line.strip()]
    assert finished.returncode == 2, finished.stderr
    assert "Traceback" not in finished.stderr
    assert len(lines) == 1, finished.stderr
    return lines[0]


def interrupted(*arguments: str | Path, when: Callable[[], object]) -> subprocess.CompletedProcess[str]:
    """Run in a process group of its own, send it Ctrl-C (SIGINT to the whole group, as a terminal does) once ``when`` holds, and wait."""
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(
            signal.SIGINT, signal.default_int_handler
        ),  # it may be ignored where the tests run
    )
    try:
        eventually(when, 30)
        os.killpg(process.pid, signal.SIGINT)
        out, error = process.communicate(timeout=20)
    finally:
        process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, out, error)
