"""A booted container, driven from outside through its namespaces."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tests.service_check.root import BOUND

LONGEST_BOOT_S = 90.0
LONGEST_HALT_S = 30.0


class CheckError(Exception):
    """A check did not find what it expects; the message is one line."""


@dataclass(frozen=True)
class Entry:
    """A line of the journal."""

    at_s: float
    """Monotonic time of the machine, s."""
    who: str
    priority: int
    text: str

    def __str__(self) -> str:
        return f"{self.at_s:.3f} {self.who}[{self.priority}]: {self.text}"


class Container(AbstractContextManager["Container"]):
    """Boots a root folder; leaving it halts it. Its processes are seen by their numbers inside."""

    def __init__(self, root: Path, console: Path) -> None:
        """``console`` is the file into which the console is written."""
        self.root = root
        self._console = console
        self._nspawn: subprocess.Popen[bytes] | None = None
        self.leader = 0
        """Number, outside, of the first process inside."""
        self.booted_in_s = 0.0

    def __enter__(self) -> Container:
        began = time.monotonic()
        with self._console.open("wb") as console:
            self._nspawn = subprocess.Popen(
                # It ends with this process, however this one ends: the next run unpacks the root anew.
                ["setpriv", "--pdeathsig", "TERM", "systemd-nspawn", *BOUND, "--boot", "-D", str(self.root), f"--machine=check-{os.getpid()}"],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console,
            )  # fmt: skip
        try:
            wait_for(self._has_booted, LONGEST_BOOT_S, f"the container to boot (see {self._console})")
        except BaseException:
            self.__exit__()
            raise
        self.booted_in_s = time.monotonic() - began
        return self

    def __exit__(self, *_: object) -> None:
        if self._nspawn is None:
            return
        try:
            if self.leader:
                os.kill(self.leader, signal.SIGRTMIN + 4)  # systemd(1): power off
                self._nspawn.wait(LONGEST_HALT_S)
        except (subprocess.TimeoutExpired, ProcessLookupError):
            pass
        finally:
            self._nspawn.terminate()
            self._nspawn.wait()

    def run(self, *command: str, timeout_s: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run a command inside as root, to its end."""
        return subprocess.run(
            [*self.enter("--all"), "env", "-i", "PATH=/usr/sbin:/usr/bin", "LANG=C.UTF-8", *command],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout_s, check=False,
        )  # fmt: skip

    def ask(self, *command: str) -> str:
        """Output of a command that has to end with status 0."""
        done = self.run(*command)
        if done.returncode:
            raise CheckError(f"{' '.join(command)}: status {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def enter(self, *namespaces: str) -> list[str]:
        """The beginning of a command that is to run in these namespaces of the container, options of nsenter."""
        return ["nsenter", "-t", str(self.leader), *namespaces]

    def journal(self, unit: str, *, since_s: float = 0.0) -> list[Entry]:
        """What the journal has of a unit, systemd's own messages on it included; ``since_s`` is monotonic time."""
        said = self.ask("journalctl", "--quiet", "--no-pager", "--output=json", f"--unit={unit}")
        entries = []
        for line in said.splitlines():
            fields = json.loads(line)
            at_s = int(fields["__MONOTONIC_TIMESTAMP"]) / 1e6
            text = fields.get("MESSAGE") or ""
            if at_s >= since_s:
                who = fields.get("SYSLOG_IDENTIFIER", "?")
                entries.append(Entry(at_s, who, int(fields.get("PRIORITY", 6)), text if isinstance(text, str) else "?"))
        return entries

    def _has_booted(self) -> bool:
        assert self._nspawn is not None
        if self._nspawn.poll() is not None:
            raise CheckError(f"systemd-nspawn ended with status {self._nspawn.returncode}: see {self._console}")
        # While it sets up the container, another process than the later first one may be its child.
        children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text(encoding="ascii")
        self.leader = int((children.split() or ["0"])[0])
        if not self.leader:
            return False
        return self.run("systemctl", "is-system-running").stdout.strip() in ("running", "degraded")


def wait_for(condition: Callable[[], object], timeout_s: float, what: str) -> float:
    """Wait until ``condition`` is true and return how long that took, s; CheckError after ``timeout_s``."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > timeout_s:
            raise CheckError(f"waited {timeout_s:.0f} s in vain for {what}")
        time.sleep(0.02)
    return time.monotonic() - began
