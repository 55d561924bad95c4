"""The processes that a soak starts, and what they print."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO

_LOOK_S = 0.5
_LARGEST_LOG = 8 << 20


def follow_parent(parent: int | None = None) -> None:
    """In a child: end this process, as a service is ended, when the one that started it is gone. ``parent``: its id, where it may be gone already."""
    parent, never = parent or os.getppid(), threading.Event()

    def look() -> None:
        while os.getppid() == parent:
            never.wait(_LOOK_S)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=look, name="parent", daemon=True).start()


class Child:
    """A process of a kind, which may be started again."""

    def __init__(self, name: str, arguments: tuple[str, ...], log: Path, environment: Mapping[str, str]) -> None:
        """``arguments`` are those of Python; ``log`` is for what it writes to stderr."""
        self.name = name
        self.lines: queue.SimpleQueue[tuple[int, str]] = queue.SimpleQueue()
        """What it printed, each line with the number of the start."""
        self.starts = 0
        self._arguments, self._log, self._environment = arguments, log, environment
        self._process: subprocess.Popen[str] | None = None
        self.start()

    def start(self) -> None:
        """Start it."""
        self.starts += 1
        # A session of its own: Ctrl-C at the terminal is for the soak, which ends its processes itself.
        self._process = process = subprocess.Popen(
            [sys.executable, *self._arguments],
            env={**os.environ, **self._environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        for work, stream in ((self._take, process.stdout), (self._keep, process.stderr)):
            threading.Thread(target=work, args=(stream, self.starts), name=f"{self.name}-pipe", daemon=True).start()

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Its exit status; None: it runs."""
        assert self._process is not None
        return self._process.poll()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def end(self, seconds: float) -> int | None:
        """End it as a service is ended, and kill it where that takes longer; its exit status, None where it had to be killed."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def kill(self) -> None:
        """SIGKILL."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def tail(self) -> str:
        """The end of what it wrote to stderr."""
        try:
            return self._log.read_text(errors="replace")[-600:].strip()
        except OSError:
            return ""

    def _take(self, stream: IO[str], start: int) -> None:
        with stream:
            for line in stream:
                self.lines.put((start, line))

    def _keep(self, stream: IO[str], start: int) -> None:
        """Through a pipe, for a process whose files are refused has no room for a log either."""
        with stream:
            for line in stream:
                with contextlib.suppress(OSError):
                    if self._log.exists() and self._log.stat().st_size > _LARGEST_LOG:
                        os.replace(self._log, self._log.with_suffix(".before"))
                    with self._log.open("a") as log:
                        log.write(line)


def children_of(pid: int) -> list[int]:
    """Process ids of its children that run the engines; none where it is gone."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found += [int(child) for child in (task / "children").read_text().split()]
    return [child for child in found if b"spawn_main" in _command_of(child)]


def _command_of(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""
