"""A line as a service in the container: its configuration, its unit, who listens to it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import yaml

from tests.installed.install import ROOT
from tests.service_check.bundles import TINY
from tests.service_check.container import CheckError, Container, Entry, wait_for

COMMAND = "/opt/inspector/current/bin/inspector"
START_S = 60.0
"""Longest that anything is waited for that takes a start."""


class ServiceLine:
    """An instance of the unit."""

    def __init__(self, container: Container, name: str, endpoint: str, alone: bool, **changes: Any) -> None:
        """Write its configuration; ``changes`` replace whole keys. Where it is not ``alone``, its start waits for a subscriber, which then
        receives everything."""
        self.container, self.name = container, name
        self.unit = f"inspector@{name}.service"
        self.endpoint, self._alone = endpoint, alone
        self.state_folder = f"/var/lib/inspector/{name}"
        self.configure(**changes)

    def configure(self, **changes: Any) -> None:
        """Write the configuration, readable for the group as /etc/inspector is."""
        tree = {
            "line": self.name,
            "bundle": TINY,
            "cameras": [{"name": "top", "source": {"kind": "simulator", "rate_hz": 100, "pool": 16}}],
            "deadline_ms": 1000,
            "inference": {"runtime": "openvino", "precision": "f32"},
            "results": {"endpoint": self.endpoint, "wait_for_subscribers": 0 if self._alone else 1},
            "journal": {"path": f"{self.state_folder}/journal.sqlite"},
            **changes,
        }
        path = self.container.root / "etc/inspector" / f"{self.name}.yaml"
        path.write_text(yaml.safe_dump(tree), encoding="utf-8")

    def drop_in(self, text: str) -> None:
        """Change the unit for this instance."""
        folder = self.container.root / "etc/systemd/system" / f"{self.unit}.d"
        folder.mkdir(exist_ok=True)
        (folder / "check.conf").write_text(text, encoding="utf-8")
        self.container.ask("systemctl", "daemon-reload")

    def start(self) -> float:
        """Start it and wait as `systemctl start` does; how long that took, s."""
        return self._job("start")

    def stop(self) -> float:
        """Stop it and wait as `systemctl stop` does; how long that took, s."""
        return self._job("stop")

    def reload(self) -> float:
        """Reload it and wait as `systemctl reload` does; how long that took, s."""
        return self._job("reload")

    def _job(self, verb: str) -> float:
        began = time.monotonic()
        done = self.container.run("systemctl", verb, self.unit, timeout_s=240)
        if done.returncode:
            raise CheckError(f"systemctl {verb} {self.unit}: status {done.returncode}: {done.stderr.strip()}")
        return time.monotonic() - began

    def clear(self) -> None:
        """Leave nothing running and no failure behind; for the end of a check."""
        self.container.run("systemctl", "kill", "--kill-whom=all", "--signal=CONT", self.unit)
        self.container.run("systemctl", "stop", self.unit)
        self.container.run("systemctl", "reset-failed", self.unit)

    def property(self, name: str) -> str:
        """A property of the unit."""
        return self.container.ask("systemctl", "show", "--value", f"--property={name}", self.unit).strip()

    def main_pid(self) -> int:
        """Number of the daemon; 0 where it does not run."""
        return int(self.property("MainPID"))

    def children(self) -> list[int]:
        """Numbers of the daemon's child processes."""
        done = self.container.run("sh", "-c", f"cat /proc/{self.main_pid()}/task/*/children")
        return [int(number) for number in done.stdout.split() if self._is_inference(number)]

    def _is_inference(self, pid: str) -> bool:
        """Python has another child there, its tracker of resources."""
        return "spawn_main" in self.container.run("cat", f"/proc/{pid}/cmdline").stdout

    def signal(self, pid: int, name: str) -> None:
        """Send a signal to one process."""
        self.container.ask("sh", "-c", f"kill -s {name} {pid}")

    def journal(self, since_s: float = 0.0) -> list[Entry]:
        """Its log."""
        return self.container.journal(self.unit, since_s=since_s)

    def said(self, word: str, since_s: float = 0.0) -> list[str]:
        """The lines of the log with this word."""
        return [str(entry) for entry in self.journal(since_s) if word in entry.text]

    def journal_file(self) -> Path:
        """The journal of results, as seen from outside."""
        return self.container.root / self.state_folder.removeprefix("/") / "journal.sqlite"

    def commands(self) -> list[dict[str, Any]]:
        """What the journal of results has of commands to the line, the oldest first."""
        said = self.container.ask(COMMAND, "journal", "commands", "--json", f"{self.state_folder}/journal.sqlite")
        return sorted(map(json.loads, said.splitlines()), key=lambda one: int(one["received_unix_ns"]))


class Listener(AbstractContextManager["Listener"]):
    """A subscriber in the network of the container."""

    def __init__(self, line: ServiceLine) -> None:
        self._line = line
        self._latest: list[dict[str, Any]] = []

    def __enter__(self) -> Listener:
        self._process = subprocess.Popen(
            [*self._line.container.enter("--net"), sys.executable, "-m", "tests.service_check.listen", self._line.endpoint,
             self._line.name],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._reader.join(10)
        self._process.wait(10)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for said in self._process.stdout:
            self._latest = json.loads(said)

    def epochs(self) -> list[dict[str, Any]]:
        """What has arrived of each start of the daemon, oldest first."""
        return self._latest

    def newest(self) -> dict[str, Any]:
        """What has arrived of the latest start; empty before anything has."""
        return self._latest[-1] if self._latest else {}

    def verdicts(self) -> int:
        """Frames of the latest start that have one."""
        return sum(self.newest().get("verdicts", {}).values())

    def inspected(self) -> int:
        """Those that are not UNINSPECTED."""
        return self.verdicts() - int(self.newest().get("verdicts", {}).get("UNINSPECTED", 0))

    def wait_for_inspected(self, more: int, timeout_s: float = START_S) -> float:
        """Wait until so many more frames were inspected."""
        before = self.inspected()
        return wait_for(
            lambda: self.inspected() >= before + more, timeout_s, f"{more} inspected frames of {self._line.name}"
        )

    def wait_for_proof(self) -> None:
        """Wait until the stream of the latest start has ended, complete, with totals that agree."""
        wait_for(lambda: self.newest().get("proven"), 5, f"the complete end of the stream of {self._line.name}")

    def wait_for_epoch(self, number: int, timeout_s: float = START_S) -> float:
        """Wait until the ``number``-th start has published inspected frames."""
        return wait_for(
            lambda: len(self._latest) >= number and self.inspected() > 10, timeout_s,
            f"frames of start {number} of {self._line.name}",
        )  # fmt: skip
