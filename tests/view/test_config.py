"""The configuration of the viewer, and its command: what cannot be meant is refused in one line."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from inspector.cli.app import app
from inspector.errors import UserError
from inspector.line.health import SIGNALS
from inspector.view.config import coil_configs, line_sources
from inspector.view.live.words import TROUBLES
from inspector.view.load import load_view, parse_view
from inspector.view.reference import reference
from tests.view.people import users_file

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lines: []", "lines"),
        ("{}", "lines"),
        ("lines: [{name: a}, {name: a}]", "lines: the name 'a' is used twice"),
        ("lines: [{name: line2}, {}]", "lines: the name 'line2' is used twice"),
        ("lines: [{name: ../x}]", r"lines\[0\].name"),
        ("lines: [{server_key: line.key}]", r"lines\[0\]: server_key and client_key go together"),
        ("listen: 0.0.0.0:8090\nlines: [{}]", "listen: .* can be reached from other machines, and `users: FILE` and `tls: .*` are missing.*ssh -L"),
        ("listen: 0.0.0.0:8090\nusers: u.yaml\nlines: [{}]", "listen: .* other machines, and `tls: .*` is missing"),
        ("listen: 0.0.0.0:8090\nusers: u.yaml\ntls: {certificate: c, key: k}\nanyone: operator\nlines: [{}]", "anyone: operator would be everybody"),
        ("hosts: ['a:80']\nlines: [{}]", r"hosts\[0\]"),
        ("listen: somewhere\nlines: [{}]", "listen: .* is no address"),
        ("users: []\nlines: [{}]", "users"),
        ("tls: {key: k}\nlines: [{}]", "tls"),
        ("session_hours: 0\nlines: [{}]", "session_hours"),
    ],
)  # fmt: skip
def test_a_configuration_that_cannot_be_meant_is_refused(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        parse_view(text, "view.yaml")
    assert str(caught.value).startswith("view.yaml")
    assert "\n" not in str(caught.value)


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    file = tmp_path / "view.yaml"
    file.write_text("lines: [{name: hot, journal: j.sqlite, archive: kept, coil_config: coil.yaml}, {}]")
    hot, second = line_sources(load_view(file))
    assert coil_configs(load_view(file)) == {"hot": tmp_path / "coil.yaml"}
    assert (hot.id, hot.name, hot.journal, hot.archive) == ("hot", "hot", tmp_path / "j.sqlite", tmp_path / "kept")
    assert (second.id, second.name, second.journal) == ("line2", None, None)


def test_the_reference_is_that_of_the_types() -> None:
    assert (ROOT / "docs/view-configuration.md").read_text(encoding="utf-8") == reference()


def test_every_trouble_has_plain_words() -> None:
    assert set(TROUBLES) == set(SIGNALS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give the ENDPOINT of a line"),
        (["tcp://127.0.0.1:5550", "-c", "view.yaml"], "give the ENDPOINT of a line"),
        (["-c", "view.yaml", "--coil", "tcp://127.0.0.1:5555"], "keys of its lines"),
        (["tcp://127.0.0.1:5550", "--listen", "192.168.1.20:80"], "can be reached from other machines"),
        (["-c", "nothing.yaml"], "config example view"),
        (["nowhere", "--listen", "127.0.0.1:0"], "nowhere"),
    ],
)
def test_a_call_that_cannot_be_meant_is_refused(arguments: list[str], message: str) -> None:
    done = CliRunner().invoke(app, ["view", *arguments])
    assert done.exit_code != 0
    assert message in f"{done.output}{done.exception}"


def test_a_check_tells_what_of_a_line_is_not_there_yet(tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    file = tmp_path / "view.yaml"
    file.write_text("lines: [{name: hall-1, journal: journal.sqlite, archive: archive}]")
    done = CliRunner().invoke(app, ["view", "--check", "-c", str(file)])
    journal = tmp_path / "journal.sqlite"
    assert (done.exit_code, done.output.splitlines()[1:]) == (
        0,
        [f"note: hall-1: journal: {journal} is not there yet"],
    )


def test_a_check_looks_at_the_users_and_the_certificate(tmp_path: Path) -> None:
    file = tmp_path / "view.yaml"
    users = users_file(tmp_path, ana="operator")
    file.write_text("users: users.yaml\nlines: [{}]")
    done = CliRunner().invoke(app, ["view", "--check", "-c", str(file)])
    assert (done.exit_code, done.output) == (0, f"{file}: fine (1 line; pages at 127.0.0.1:8090)\n")
    users.chmod(0o644)
    for text, message in (
        ("users: users.yaml\nlines: [{}]", "users: .*users.yaml is open to others"),
        ("users: none.yaml\nlines: [{}]", "users: .*none.yaml"),
        ("tls: {certificate: a.crt, key: a.key}\nlines: [{}]", "tls.certificate: .*a.crt"),
    ):
        file.write_text(text)
        done = CliRunner().invoke(app, ["view", "--check", "-c", str(file)])
        assert done.exit_code != 0
        assert re.match(f"{file}: {message}", str(done.exception))


def test_an_address_that_cannot_be_used_is_told_before_a_page_is_named() -> None:
    done = CliRunner().invoke(app, ["view", "nowhere", "--listen", "127.0.0.1:0"])
    assert "open http" not in done.output


def test_the_command_serves_until_a_signal(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "inspector", "view", f"ipc://{tmp_path}/nobody", "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("open http://127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=20)
    finally:
        process.kill()
    assert (process.returncode, log) == (0, "")
