"""Runs the ``inspector`` command as a user does: a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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
