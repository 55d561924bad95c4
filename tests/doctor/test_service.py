"""What the doctor makes of systemctl's answers, which are those of systemd 252."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.doctor.finding import State
from inspector.doctor.service import service_findings, services

FILES = "inspector@.service disabled enabled\ninspector@strip-1.service enabled enabled\n"


def shown(name: str, **values: str) -> str:
    usual = {
        "NRestarts": "0",
        "Result": "success",
        "StatusText": "",
        "Id": f"inspector@{name}.service",
        "ActiveState": "active",
        "SubState": "running",
        "UnitFileState": "enabled",
    }
    return "".join(f"{key}={value}\n" for key, value in {**usual, **values}.items())


@pytest.mark.parametrize(
    ("values", "state", "found", "advice"),
    [
        ({"StatusText": "running: 10 frames/s"}, State.OK, "active (running): running: 10 frames/s", "journalctl"),
        ({"ActiveState": "failed", "SubState": "failed", "Result": "watchdog", "NRestarts": "19"}, State.WRONG, "result watchdog after 19 restarts", "systemctl reset-failed inspector@strip-1"),
        ({"ActiveState": "activating", "SubState": "auto-restart", "Result": "exit-code"}, State.WRONG, "failed with exit-code", "journalctl"),
        ({"ActiveState": "activating", "SubState": "start", "StatusText": "starting"}, State.NOTE, "activating (start): starting", "journalctl"),
        ({"ActiveState": "inactive", "SubState": "dead"}, State.NOTE, "inactive (dead), enabled", "systemctl start inspector@strip-1"),
        ({"UnitFileState": "disabled"}, State.NOTE, "not enabled", "systemctl enable inspector@strip-1"),
    ],
)  # fmt: skip
def test_each_state_has_its_next_step(values: dict[str, str], state: State, found: str, advice: str) -> None:
    (finding,) = service_findings(FILES, shown("strip-1", **values))
    assert finding.name == "Service strip-1"
    assert finding.state is state
    assert found in finding.found
    assert advice in finding.advice
    assert not finding.stops_the_line


def test_every_line_is_named_once() -> None:
    both = f"{shown('b')}\n{shown('a')}\n{shown('a')}"
    assert [finding.name for finding in service_findings(FILES, both)] == ["Service a", "Service b"]


def test_what_comes_before_a_line() -> None:
    (nothing,) = service_findings("", "")
    assert (nothing.state, nothing.found) == (State.NOTE, "not installed")
    (none_enabled,) = service_findings("inspector@.service disabled enabled\n", "")
    assert "systemctl enable --now" in none_enabled.advice


def test_without_systemd_nothing_is_said(tmp_path: Path) -> None:
    assert list(services(tmp_path)) == []
