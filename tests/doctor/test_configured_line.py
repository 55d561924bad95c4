"""What keeps one line from running on this machine, each found by trying it for real."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import zmq
import zmq.auth

from engines.bundle import Bundle
from inspector.doctor.configured_line import ConfiguredLine
from inspector.doctor.finding import Finding, State
from tests.line_file import write_line

Examine = Callable[..., dict[str, Finding]]


@pytest.fixture
def examine(tiny_bundle: Bundle, tmp_path: Path) -> Examine:
    """Findings by name of a line with some keys changed."""

    def examine(bundle: Path = tiny_bundle.path, **changes: Any) -> dict[str, Finding]:
        return {one.name: one for one in ConfiguredLine(write_line(tmp_path, bundle, **changes)).findings()}

    return examine


def stopping(findings: dict[str, Finding]) -> set[str]:
    return {name for name, finding in findings.items() if finding.stops_the_line}


def test_a_line_that_can_run_leaves_nothing_behind(examine: Examine, tmp_path: Path) -> None:
    findings = examine()
    assert set(findings) == {"Configuration", "Bundle", "Camera top", "Endpoint", "Journal"}
    assert not stopping(findings)
    assert [path.name for path in tmp_path.iterdir()] == ["line.yaml"]


def test_the_address_is_free_again(examine: Examine) -> None:
    with zmq.Context() as context, context.socket(zmq.XPUB) as other:
        port = other.bind_to_random_port("tcp://127.0.0.1")
        endpoint = {"endpoint": f"tcp://127.0.0.1:{port}"}
        taken = examine(results=endpoint)
    assert stopping(taken) == {"Endpoint"}
    assert "another program uses this port" in taken["Endpoint"].found
    for _ in range(2):
        assert not stopping(examine(results=endpoint))


def test_an_altered_bundle(examine: Examine, tiny_bundle: Bundle, tmp_path: Path) -> None:
    altered = shutil.copytree(tiny_bundle.path, tmp_path / "altered")
    with (altered / "gate.onnx").open("ab") as file:
        file.write(b"x")
    findings = examine(bundle=altered)
    assert stopping(findings) == {"Bundle"}
    assert "was altered" in findings["Bundle"].found


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        ({"deadlin_ms": 5}, "Configuration", "did you mean 'deadline_ms'"),
        ({"verdicts": {"rules": [{"class": "holes"}]}}, "Configuration", "'holes' is not a class of the bundle"),
        ({"bundle": Path("nowhere")}, "Bundle", "no model bundle there"),
        ({"cameras": [{"name": "top", "source": {"kind": "replay", "path": "none"}}]}, "Camera top", "none"),
        ({"results": {"endpoint": "tcp://0.0.0.0:5550"}}, "Endpoint", "results.curve is not set"),
        (
            {
                "results": {
                    "endpoint": "tcp://127.0.0.1:*",
                    "curve": {"secret_key": "/none", "allowed_clients": "/none"},
                }
            },
            "Endpoint",
            "results.curve.secret_key: /none cannot be read",
        ),
        ({"journal": {"path": "/nowhere/journal.sqlite"}}, "Journal", "does not exist"),
        ({"journal": {"path": "/tmp"}}, "Journal", "is a folder"),
        ({"journal": {"path": "/proc/journal.sqlite"}}, "Journal", "/proc/journal.sqlite"),
    ],
)
def test_what_keeps_a_line_from_running(changes: dict[str, Any], name: str, expected: str, examine: Examine) -> None:
    findings = examine(**changes)
    assert stopping(findings) == {name}
    assert expected in findings[name].found


def test_a_configuration_that_is_not_there(tmp_path: Path) -> None:
    (finding,) = ConfiguredLine(tmp_path / "none.yaml").findings()
    assert finding.stops_the_line
    assert "none.yaml: cannot be read" in finding.found


def test_another_programs_database_is_refused_and_left_alone(examine: Examine, tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE things (id INTEGER)")
    other.close()
    before = path.read_bytes()
    assert stopping(examine()) == {"Journal"}
    assert path.read_bytes() == before


def test_no_journal_and_a_disk_that_may_fill_are_notes(examine: Examine, tmp_path: Path) -> None:
    assert examine(journal={"path": None})["Journal"].state is State.NOTE
    hungry = examine(journal={"path": str(tmp_path / "journal.sqlite"), "keep_bytes": 10**18})["Journal"]
    assert hungry.state is State.NOTE
    assert "set journal.keep_bytes" in hungry.advice


def test_a_recording_that_is_there(examine: Examine, tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "1.png").write_bytes(b"listed, not decoded")
    findings = examine(cameras=[{"name": "top", "source": {"kind": "replay", "path": "frames"}}])
    assert findings["Camera top"].state is State.OK


def test_the_ring_is_that_of_the_line(tiny_bundle: Bundle, tmp_path: Path) -> None:
    assert ConfiguredLine(write_line(tmp_path, tiny_bundle.path, ring={"slots": 7})).ring() == (7, 32, 48)


def test_a_secret_key_that_others_can_read_is_told(examine: Examine, tmp_path: Path) -> None:
    (tmp_path / "allowed").mkdir()
    _, secret = zmq.auth.create_certificates(tmp_path, "line")
    Path(secret).chmod(0o644)
    curve = {"secret_key": str(secret), "allowed_clients": str(tmp_path / "allowed")}
    findings = examine(results={"endpoint": "tcp://127.0.0.1:*", "curve": curve})
    assert stopping(findings) == set()
    assert findings["Secret key"].found.endswith("line.key_secret can be read by others (mode 0644)")
    assert "chmod 600" in findings["Secret key"].advice
