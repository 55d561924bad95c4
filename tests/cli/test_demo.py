"""The demo on the tiny bundle: its own daemon, watched over TCP."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from engines.bundle import Bundle
from engines.errors import FileError
from inspector.cli.app import app
from inspector.client import Subscriber
from tests.cli.command import COMMAND, one_line_of
from tests.cli.command import inspector as process
from tests.cli.in_process import inspector
from tests.line_file import LINE


@pytest.fixture
def config(tmp_path: Path, tiny_bundle: Bundle) -> Path:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # Without defects: the simulator draws four classes, the tiny bundle knows two.
    source = {"kind": "simulator", "frames": 60, "rate_hz": 100, "pool": 4, "defect_rate": 0.0}
    tree = {
        "line": LINE,
        "bundle": str(tiny_bundle.path),
        "cameras": [{"name": "top", "source": source}],
        "deadline_ms": 2000,
        "inference": {"runtime": "openvino", "precision": "f32"},
        "results": {
            "endpoint": f"tcp://127.0.0.1:{port}",
            "recovery": {"endpoint": "tcp://127.0.0.1:*"},
            "wait_for_subscribers": 1,
        },
        "journal": {"path": None},
    }
    path = tmp_path / "demo.yaml"
    path.write_text(yaml.safe_dump(tree))
    return path


def test_defects_the_bundle_has_no_classes_for_are_refused(config: Path, tmp_path: Path) -> None:
    tree = yaml.safe_load(config.read_text())
    tree["cameras"][0]["source"]["defect_rate"] = 0.5
    config.write_text(yaml.safe_dump(tree))
    said = one_line_of(inspector("demo", "-c", config, "--report", tmp_path / "report"))
    assert "pitting, inclusion, scratches, corrosion" in said
    assert "this one has dark, bright" in said


def test_a_place_for_the_report_that_cannot_be_is_told_before_the_run(config: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    refused = CliRunner().invoke(app, ["demo", "-c", str(config), "--report", str(tmp_path / "taken")])
    assert isinstance(refused.exception, FileError)
    assert "--report" in str(refused.exception)


def test_every_frame_has_its_verdict(config: Path, tmp_path: Path) -> None:
    finished = inspector("demo", "-c", config, "--report", tmp_path / "report", "--json")
    assert finished.returncode == 0, finished.stderr
    found = json.loads(finished.stdout)
    assert found["frames"] == 60
    assert found["unresolved"] == 0
    assert (tmp_path / "report" / "index.html").is_file()


def test_another_daemon_at_the_address_is_not_taken_for_its_own(config: Path, tmp_path: Path) -> None:
    """Its messages would look just right, and never end."""
    tree = yaml.safe_load(config.read_text())
    tree["line"] += "-other"
    tree["journal"] = {"path": None}
    tree["cameras"][0]["source"].pop("frames")
    other = tmp_path / "other.yaml"
    other.write_text(yaml.safe_dump(tree))
    daemon = subprocess.Popen([*COMMAND, "run", "-c", str(other), "--log-level", "error"])
    try:
        with Subscriber(tree["results"]["endpoint"], f"v1/{LINE}-other/top/") as subscriber:
            assert subscriber.receive(20_000) is not None
            finished = process("demo", "-c", config, "--report", tmp_path / "report")
    finally:
        daemon.kill()
        daemon.wait()
    assert finished.returncode == 2
    assert "another program uses this port" in finished.stderr
    assert "Traceback" not in finished.stderr
