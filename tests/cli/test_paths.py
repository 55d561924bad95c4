"""Paths on the command line are the user's: relative to where the command is given, ``~`` filled in."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from engines.bundle import Bundle
from engines.errors import BundleError, FileError
from inspector.capture.replay.listing import list_files
from inspector.cli.app import app
from tests.line_file import write_line


def test_a_home_is_filled_in_where_the_shell_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_bundle: Bundle
) -> None:
    write_line(tmp_path, tiny_bundle.path)
    monkeypatch.setenv("HOME", str(tmp_path))
    checked = CliRunner().invoke(app, ["config", "check", "~/line.yaml"])
    assert (checked.exit_code, checked.stdout.split(":")[0]) == (0, str(tmp_path / "line.yaml"))
    drawn = CliRunner().invoke(app, ["simulate", "~/sheets", "--frames=1", "--height=32", "--width=32"])
    assert drawn.exit_code == 0, drawn.output
    assert (tmp_path / "sheets/frames.csv").is_file()


def test_a_home_that_is_unknown_is_one_line() -> None:
    refused = CliRunner().invoke(app, ["config", "check", "~nobody-has-this-name/line.yaml"])
    assert isinstance(refused.exception, FileError)
    assert "no home directory is known" in str(refused.exception)


def test_a_bundle_on_the_command_line_is_not_looked_for_beside_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_bundle: Bundle
) -> None:
    there, here = tmp_path / "etc", tmp_path / "here"
    there.mkdir()
    here.mkdir()
    (there / "mine").symlink_to(tiny_bundle.path)
    config = write_line(there, Path("mine"))
    assert yaml.safe_load(config.read_text())["bundle"] == "mine"
    monkeypatch.chdir(here)
    assert CliRunner().invoke(app, ["config", "check", str(config)]).exit_code == 0
    refused = CliRunner().invoke(app, ["replay", "frames", "-c", str(config), "--bundle", "mine"])
    assert isinstance(refused.exception, BundleError)
    assert "no bundle.yaml in mine" in str(refused.exception)


def test_a_list_of_files_knows_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("a.png", "lists/b.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "lists/frames.txt").write_text("~/a.png\nb.png\n")
    assert list_files(str(tmp_path / "lists/frames.txt")) == [tmp_path / "a.png", tmp_path / "lists/b.png"]
