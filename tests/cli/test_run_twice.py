"""Two daemons that would be one line, or write one journal: the second is refused in one line."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from engines.bundle import Bundle
from inspector.frames.held_name import HeldName
from inspector.results.sole_writer import SoleWriter
from tests.cli.command import COMMAND
from tests.cli.in_process import refused
from tests.line_file import LINE, write_line


@pytest.fixture
def config(tmp_path: Path, tiny_bundle: Bundle) -> Path:
    return write_line(tmp_path, tiny_bundle.path, results={"endpoint": "tcp://127.0.0.1:*", "wait_for_subscribers": 1})


@pytest.fixture
def daemon(config: Path) -> Iterator[subprocess.Popen[str]]:
    """Runs the line, and has opened its journal."""
    with subprocess.Popen([*COMMAND, "run", "-c", str(config)], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any("publishing on" in line for line in process.stderr)
        yield process
        process.kill()


def test_the_second_is_refused_and_after_a_kill_it_is_not(
    config: Path, daemon: subprocess.Popen[str], tiny_bundle: Bundle, tmp_path: Path
) -> None:
    run = ("run", "-c", config, "--log-level", "warning")
    assert refused(*run) == (
        f"inspector: line: process {daemon.pid} runs line {LINE} on this machine already; stop it, or give this line a name of its own"
    )
    tree = yaml.safe_load(config.read_text())
    config.write_text(yaml.safe_dump({**tree, "line": f"{LINE}-b"}))
    journal = tmp_path / "journal.sqlite"
    assert refused(*run) == (
        f"inspector: journal.path: {journal} is written by process {daemon.pid} already; stop it, or name a file of this line's own"
    )
    daemon.kill()
    daemon.wait()
    HeldName(f"line/{LINE}").release()
    guard = SoleWriter(journal)
    guard.take()
    guard.release()
