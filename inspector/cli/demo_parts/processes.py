"""The processes of the demo: each is a command as a user starts it, and writes its log into the demo's folder."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

_LAST_LINES = 6
_END_S = 15.0
"""For each; a follower writes the reports of coils that are open."""


class EndedError(Exception):
    """A process has ended that should go on. The text says which, and ends with the last lines of its log."""


class Processes:
    """A context manager that leaves none of them: they are ended in the order in which they were started."""

    def __init__(self, logs: Path) -> None:
        """``logs``: the folder for their logs."""
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            for process in self._running.values():
                _end(process)
        finally:
            for process in self._running.values():
                if process.poll() is None:
                    process.kill()
                    process.wait()

    def start(self, name: str, *arguments: str | Path) -> None:
        """Start ``inspector`` with these arguments."""
        module = [sys.executable, "-m", "inspector.cli.demo_parts.child", str(os.getpid())]
        with self._log(name).open("wb") as log:
            # A session of its own: Ctrl-C at the terminal is for the demo, which ends its processes itself.
            self._running[name] = subprocess.Popen(
                [*module, *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def status(self, name: str) -> int | None:
        """Its exit status; None: it runs."""
        return self._running[name].poll()

    def check(self) -> None:
        """Raises EndedError where one has ended that should go on. A line may end, by itself, without an error."""
        for name, process in self._running.items():
            status = process.poll()
            if status is not None and (status or name != "line"):
                raise EndedError(f"{name} ended with status {status}; {self._log(name)} ends with\n{self._tail(name)}")

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def _tail(self, name: str) -> str:
        text = self._log(name).read_text(encoding="utf-8", errors="replace")
        return "\n".join(f"    {line[:500]}" for line in text.splitlines()[-_LAST_LINES:])


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_END_S)
