"""`inspector users`: who may log in at the viewer."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from inspector.view.access.users import read_users
from tests.cli.in_process import refused, run


@pytest.fixture
def password(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text("correct horse\nanother line\n")
    return path


def test_people_come_change_and_go(tmp_path: Path, password: Path) -> None:
    file = ("-f", tmp_path / "users.yaml")
    ended = run("users", "add", "ana", "--role", "operator", *file, "--password-file", password)
    assert (ended.status, ended.out) == (0, "ana may log in as operator\n")
    assert read_users(tmp_path / "users.yaml")["ana"].password.is_of("correct horse")
    assert run("users", "add", "ben", "--role", "quality", *file, "--password-file", password).status == 0
    assert json.loads(run("users", "list", "--json", *file).out) == [
        {"name": "ana", "role": "operator"},
        {"name": "ben", "role": "quality"},
    ]
    assert "is a user already" in refused("users", "add", "ana", "--role", "viewer", *file, "--password-file", password)
    assert run("users", "role", "ana", "engineer", *file).status == 0
    password.write_text("quite another one")
    assert run("users", "passwd", "ana", *file, "--password-file", password).status == 0
    ana = read_users(tmp_path / "users.yaml")["ana"]
    assert (ana.role.value, ana.password.is_of("quite another one")) == ("engineer", True)
    assert run("users", "remove", "ben", *file).status == 0
    listed = run("users", "list", *file).out
    assert "ben" not in listed
    assert "scrypt" not in listed


def test_what_cannot_be_meant_is_refused(tmp_path: Path, password: Path) -> None:
    file = ("-f", tmp_path / "users.yaml")
    given = (*file, "--password-file", password)
    assert "expected viewer, operator, quality, engineer" in refused("users", "add", "ana", "--role", "boss", *given)
    assert "cannot be a user's name" in refused("users", "add", "a b", "--role", "viewer", *given)
    assert "cannot be a user's name" in refused("users", "add", "local", "--role", "viewer", *given)
    password.write_text("short")
    assert "the password has 5 characters" in refused("users", "add", "ana", "--role", "viewer", *given)
    assert "asked for on a terminal" in refused("users", "add", "ana", "--role", "viewer", *file)
    assert not (tmp_path / "users.yaml").exists()
    for command in (("list",), ("remove", "ana"), ("role", "ana", "viewer"), ("passwd", "ana")):
        assert "`inspector users add` makes it" in refused("users", *command, *file)


def test_a_password_is_asked_for_twice_and_not_shown(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "inspector", "users", "add", "ana", "--role", "viewer", "-f", str(tmp_path / "users.yaml")]  # fmt: skip
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    shown = b""
    try:
        for prompt in (b"Password of ana: ", b"confirmation: "):
            while not shown.endswith(prompt):
                shown += os.read(ours, 1000)
            os.write(ours, b"correct horse\n")
        while b"may log in" not in shown:
            shown += os.read(ours, 1000)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert b"horse" not in shown
    assert read_users(tmp_path / "users.yaml")["ana"].password.is_of("correct horse")
