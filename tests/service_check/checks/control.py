"""The control socket: who on the machine may use it, and what a script learns from `inspector status`."""

from __future__ import annotations

import subprocess

from tests.service_check.bench import Bench
from tests.service_check.container import CheckError, wait_for
from tests.service_check.report import Finding
from tests.service_check.service_line import COMMAND, Listener, ServiceLine

SOMEBODY = "4711"
"""A user and group that own nothing."""
MEMBER, OTHER = "--groups=inspector", "--clear-groups"
RUNS, ATTENTION, NO_ANSWER = 0, 1, 3
"""Exit statuses of `inspector status`."""


def socket(bench: Bench) -> Finding:
    """A member of the group inspector commands the line and reads its state by exit status; anybody else is told in one line why not."""
    line = bench.line("controlled")
    config = f"/etc/inspector/{line.name}.yaml"
    folder = f"/run/inspector/{line.name}"
    with Listener(line) as listener:
        line.start()
        listener.wait_for_inspected(50)
        place = bench.container.ask("ls", "-ld", folder, f"{folder}/control")
        _expect(_by(line, MEMBER, "status", "-c", config), RUNS, "running")
        _expect(_by(line, MEMBER, "ctl", "-c", config, "status"), 0, "running")
        _expect(_by(line, MEMBER, "ctl", "-c", config, "--on-behalf-of", "Anna", "pause"), 0, "")
        wait_for(lambda: listener.newest()["reasons"].get("paused"), 5, "frames that are UNINSPECTED, `paused`")
        _expect(_by(line, MEMBER, "status", "-c", config), ATTENTION, "paused")
        _expect(_by(line, MEMBER, "ctl", "-c", config, "resume"), 0, "")
        listener.wait_for_inspected(50)
        refusals = [
            _refused(_by(line, OTHER, *command))
            for address in (("-c", config), ("--endpoint", f"ipc://{folder}/control"))
            for command in (("status", *address), ("ctl", *address, "pause"))
        ]
        line.stop()
        listener.wait_for_proof()
    _expect(_by(line, MEMBER, "status", "-c", config), NO_ANSWER, "")
    kept = [(one["who"], one["on_behalf_of"], one["command"], one["outcome"]) for one in line.commands()]
    changing = [one for one in kept if one[2] in ("pause", "resume")]
    if changing != [("local", "Anna", "pause", "done"), ("local", "", "resume", "done")]:
        raise CheckError(f"the journal has the commands {kept}")
    return Finding({}, [*place.splitlines(), *sorted(set(refusals)), *map(str, kept)])


def _by(line: ServiceLine, groups: str, *command: str) -> subprocess.CompletedProcess[str]:
    """What comes of a command of a person with these groups."""
    person = ["setpriv", f"--reuid={SOMEBODY}", f"--regid={SOMEBODY}", groups]
    return line.container.run(*person, COMMAND, *command)


def _expect(done: subprocess.CompletedProcess[str], status: int, word: str) -> None:
    if done.returncode != status or word not in done.stdout:
        said = (done.stdout + done.stderr).strip()[-300:]
        raise CheckError(f"{' '.join(done.args[-5:])}: status {done.returncode}, expected {status}; said: {said}")


def _refused(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that says why."""
    lines = done.stderr.strip().splitlines()
    if not done.returncode or len(lines) != 1 or not lines[0].startswith("inspector: "):
        raise CheckError(f"{' '.join(done.args[-5:])}: status {done.returncode}, said: {lines[-3:]}; expected one line")
    return lines[0]
