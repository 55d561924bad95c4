"""The lines that systemd runs on this machine: whether the unit is installed, which lines are enabled, how they are, and what to do next."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from inspector.doctor.finding import Finding, Section, Subject
from inspector.doctor.reading import ROOT

TEMPLATE = "inspector@.service"
LINES = "inspector@*.service"
SHOWN = "Id,ActiveState,SubState,Result,StatusText,UnitFileState,NRestarts"
LONGEST_S = 5.0
SERVICE = Subject(Section.MACHINE, "Service")


def services(root: Path = ROOT) -> Iterator[Finding]:
    """What systemd says about the lines; nothing where it does not run."""
    if not (root / "run/systemd/system").is_dir():
        return
    try:
        files = _systemctl("list-unit-files", "--plain", "--no-legend", LINES)
        enabled = [unit for unit in unit_files(files) if unit != TEMPLATE]
        shown = _systemctl("show", f"--property={SHOWN}", LINES, *enabled)
    except (OSError, subprocess.SubprocessError) as error:
        yield SERVICE.note("systemctl does not answer", str(error))
        return
    yield from service_findings(files, shown)


def service_findings(files: str, shown: str) -> Iterator[Finding]:
    """From the output of ``systemctl list-unit-files`` and ``systemctl show``."""
    if TEMPLATE not in unit_files(files):
        yield SERVICE.note("not installed", "the Debian package or docs/service.md makes a line a service of systemd")
        return
    units = {unit["Id"]: unit for unit in _blocks(shown) if unit.get("Id", "") != TEMPLATE}
    if not units:
        yield SERVICE.note(
            "installed; no line is enabled",
            "`systemctl enable --now inspector@NAME` runs /etc/inspector/NAME.yaml, now and at every boot",
        )
    for name in sorted(units):
        yield _line(name.removesuffix(".service"), units[name])


def unit_files(text: str) -> list[str]:
    """The names that ``systemctl list-unit-files`` lists."""
    return [line.split()[0] for line in text.splitlines() if line.strip()]


def _line(name: str, unit: dict[str, str]) -> Finding:
    subject = Subject(Section.MACHINE, f"Service {name.partition('@')[2]}")
    state = f"{unit.get('ActiveState')} ({unit.get('SubState')})"
    said = f"{state}: {unit['StatusText']}" if unit.get("StatusText") else state
    if unit.get("ActiveState") == "failed":
        return subject.wrong(
            f"{said}; result {unit.get('Result')} after {unit.get('NRestarts')} restarts",
            f"`journalctl -u {name} -n 30` says why; then `systemctl reset-failed {name}` and `systemctl start {name}`",
        )
    if unit.get("SubState") == "auto-restart":
        return subject.wrong(
            f"{said}; it failed with {unit.get('Result')} and is started again",
            f"`journalctl -u {name} -n 30` says why",
        )
    if unit.get("ActiveState") == "inactive":
        return subject.note(f"{said}, enabled", f"it starts at the next boot; now: `systemctl start {name}`")
    if not unit.get("UnitFileState", "").startswith("enabled"):
        return subject.note(f"{said}, not enabled", f"it will not start after a boot: `systemctl enable {name}`")
    if unit.get("ActiveState") != "active":
        return subject.note(said, f"`journalctl -u {name} -f` shows how it goes on")
    return subject.ok(said, f"`journalctl -u {name}` is its log")


def _blocks(shown: str) -> list[dict[str, str]]:
    """Units as ``systemctl show`` prints them: lines of KEY=VALUE, an empty line between two units."""
    blocks = [block.splitlines() for block in shown.strip().split("\n\n")]
    units = [{key: value for key, _, value in (line.partition("=") for line in block)} for block in blocks]
    return list({unit["Id"]: unit for unit in units if "Id" in unit}.values())


def _systemctl(*arguments: str) -> str:
    done = subprocess.run(
        ["systemctl", "--no-pager", *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=LONGEST_S, check=False,
    )  # fmt: skip
    # list-unit-files ends with an error where it finds none, without a word.
    if done.returncode and not done.stdout and done.stderr.strip():
        raise subprocess.SubprocessError(done.stderr.strip().splitlines()[-1])
    return done.stdout
