"""Builds the subscribers of ``docs/clients`` and runs one of them as a user does: a process with options, lines out, a status."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.results.publishing import eventually

CLIENTS = Path(__file__).parents[2] / "docs" / "clients"
_TRIAL = '#include <zmq.h>\n#include <jansson.h>\nint main(void) { return !zmq_has("curve") || !json_true(); }\n'
_SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover")


def absent(language: str, what: str) -> None:
    """Skip, or fail where ``INSPECTOR_REQUIRE_CLIENTS`` names the language."""
    text = f"{what}: docs/clients/README.md says how to get it"
    if language in os.environ.get("INSPECTOR_REQUIRE_CLIENTS", "").split():
        pytest.fail(text)
    pytest.skip(text)


def build_c(folder: Path) -> list[str]:
    """Build the subscriber in C in ``folder``; return the command that runs it."""
    if shutil.which("make") is None or shutil.which("cc") is None:
        absent("c", "no make or no C compiler")
    trial = folder / "trial.c"
    trial.write_text(_TRIAL)
    links = ["cc", "-o", folder / "trial", trial, "-lzmq", "-ljansson"]
    if subprocess.run(links, capture_output=True, check=False).returncode:
        absent("c", "no libzmq or no jansson to compile with")
    can_sanitize = subprocess.run([*links, *_SANITIZERS], capture_output=True, check=False).returncode == 0
    for source in (CLIENTS / "c").iterdir():
        shutil.copy(source, folder)
    flags = ["-O0", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror", *(_SANITIZERS if can_sanitize else ())]
    built = subprocess.run(
        ["make", "-C", folder, f"CFLAGS={' '.join(flags)}"], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    return [str(folder / "subscriber")]


def find_node() -> list[str]:
    """The command that runs the subscriber in Node.js."""
    node = shutil.which("node")
    if node is None:
        absent("node", "no Node.js")
    assert node is not None
    trial = [node, "--input-type=module", "-e", "await import('zeromq'); await import('ajv')"]
    if subprocess.run(trial, capture_output=True, check=False, cwd=CLIENTS / "node").returncode:
        absent("node", "no zeromq for Node.js")
    return [node, str(CLIENTS / "node" / "subscriber.js")]


class Client:
    """One run of a subscriber; killed at the end of the ``with``."""

    def __init__(self, command: Sequence[str], folder: Path, *options: str | Path) -> None:
        self.printed, self.said = folder / "printed.jsonl", folder / "said.jsonl"
        with self.printed.open("wb") as out, self.said.open("wb") as err:
            self.process = subprocess.Popen([*command, *map(str, options)], stdout=out, stderr=err)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def verdicts(self) -> list[dict[str, Any]]:
        """The whole lines that were printed so far."""
        return [json.loads(line) for line in self.printed.read_bytes().split(b"\n")[:-1]]

    def events(self, name: str) -> list[dict[str, Any]]:
        """What was said so far of one kind."""
        lines = self.said.read_bytes().split(b"\n")[:-1]
        return [event for event in map(json.loads, lines) if event["event"] == name]

    def printing(self, count: int) -> None:
        """Wait until ``count`` lines are printed."""
        eventually(lambda: self.printed.read_bytes().count(b"\n") >= count or self.process.poll() is not None)

    def saying(self, event: str) -> dict[str, Any]:
        """Wait until it has said ``event``."""
        eventually(lambda: self.events(event) or self.process.poll() is not None)
        return self.events(event)[0]

    def refusing(self, topic: str) -> list[str]:
        """Wait until a message with ``topic`` was refused; return the topics of all that were."""
        eventually(lambda: topic.encode() in self.said.read_bytes() or self.process.poll() is not None)
        return [event["topic"] for event in self.events("malformed")]

    def end(self) -> int:
        """Have it end, as ^C does; return its exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(10)
